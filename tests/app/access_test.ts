/// <reference lib="dom" />
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, describe } from "node:test";
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { NO_BROWSER, openPage } from "../browser/chromium.ts";
import { skippable } from "../skippable.ts";
import { DemoApp } from "./demo_app.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core finds wrong, in the page as it is. */
async function violations(page: Page): Promise<readonly string[]> {
  // Not as a script of the page, whose policy lets none in.
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const found = (await axe.run()).violations;
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

function cell(page: Page, place: number, column = "price"): ReturnType<Page["locator"]> {
  const list = page.getByRole("table", { name: "Products with the module" });
  return list.locator(`[aria-rowindex="${place}"] [data-column="${column}"]`);
}

async function openForm(page: Page): Promise<void> {
  await cell(page, 2, "name").click();
  await page.getByRole("spinbutton", { name: "Price" }).waitFor();
}

/** Scrolls to the inspector, and resolves once it has drawn what the list with the module does. */
async function showInspector(page: Page): Promise<void> {
  await page.getByRole("region", { name: "Live tables" }).scrollIntoViewIfNeeded();
  await page.getByText("reads served from the cache").waitFor();
}

async function closeForm(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}

describe("The app, for everyone", () => {
  let starting: Promise<DemoApp> | undefined;
  const inApp = (run: (page: Page, app: DemoApp) => Promise<void>) => async (): Promise<void> => {
    const app = await (starting ??= DemoApp.start());
    await openPage(async (page) => {
      await page.goto(app.url);
      await cell(page, 2).waitFor();
      await run(page, app);
    });
  };
  after(async () => {
    await (await starting)?.[Symbol.asyncDispose]();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    skippable(
      `passes axe in ${colorScheme}, with a form open, with writes that wait, offline, and with the inspector in sight`,
      NO_BROWSER,
      inApp(async (page) => {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), []);
        await openForm(page);
        assert.deepEqual(await violations(page), []);
        await closeForm(page);
        await page.getByRole("switch", { name: "Offline" }).check();
        await cell(page, 2).fill("8.5");
        await cell(page, 2).press("Enter");
        await page.getByText("1 not saved yet").waitFor();
        assert.deepEqual(await violations(page), []);
        await showInspector(page);
        await page.getByText("patch: ").waitFor();
        assert.deepEqual(await violations(page), []);
      }),
    );
  }

  skippable(
    "is used by keyboard alone: each control is reached, a cell edited, the one below reached, a form opened and left, the inspector hidden",
    NO_BROWSER,
    inApp(async (page, app) => {
      const reached: string[] = [];
      await page.keyboard.press("Tab");
      while (!(await page.evaluate(() => document.activeElement?.classList.contains("cell")))) {
        reached.push(await page.evaluate(() => document.activeElement?.tagName.toLowerCase() ?? ""));
        await page.keyboard.press("Tab");
      }
      // The inspector, past the lists; the sliders, the switch, both buttons; search, order, direction, switch; the list, and the first name.
      assert.deepEqual(reached.join(), "a,input,input,input,button,button,input,select,button,input,div,button");
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type("6.25");
      await page.keyboard.press("Enter");
      await page.getByText("All changes are saved").waitFor();
      assert.equal((await app.row("a")).price, 6.25);
      await page.keyboard.press("ArrowDown");
      assert.equal(await page.evaluate(() => document.activeElement?.closest("[role=row]")?.ariaRowIndex), "2");
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("spinbutton", { name: "Price" }).waitFor();
      await closeForm(page);
      assert.equal(await page.evaluate(() => document.activeElement?.closest("[role=row]")?.ariaRowIndex), "2");
      await page.getByRole("link", { name: "Inspector" }).focus();
      await page.keyboard.press("Enter");
      for (let times = 0; times < 3; times++) await page.keyboard.press("Tab"); // Which table, to pause, to hide.
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Show", expanded: false }).waitFor();
    }),
  );

  skippable(
    "asks which value counts where somebody else has changed the same, and saves that one",
    NO_BROWSER,
    inApp(async (page, app) => {
      await openForm(page);
      const title = await page.getByRole("heading", { name: /^Product / }).textContent();
      const id = title?.split(" ")[1] ?? "";
      await page.getByRole("spinbutton", { name: "Price" }).fill("3.75");
      await app.control("edit", { id, row: { price: 9.125 } });
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("yours is 3.75, theirs is 9.125").waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole("button", { name: "Mine" }).click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.equal((await app.row(id)).price, 3.75);
    }),
  );

  skippable(
    "fits a screen 360 pixels wide",
    NO_BROWSER,
    inApp(async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await showInspector(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.equal(wide, 360);
      for (const control of await page.locator("input:visible, button:visible, select:visible").all()) {
        const box = await control.boundingBox();
        assert(
          box === null || (box.x >= 0 && box.x + box.width <= 360),
          await control.evaluate((node) => node.outerHTML),
        );
      }
      assert.deepEqual(await violations(page), []);
    }),
  );

  skippable(
    "shows a hostile text as a text",
    NO_BROWSER,
    inApp(async (page, app) => {
      await app.control("edit", { id: "a", row: { name: '<img src=x onerror="globalThis.hurt = true">' } });
      await page.getByRole("searchbox", { name: "Search" }).fill("onerror");
      await page.getByRole("button", { name: "<img src=x" }).waitFor();
      assert.equal(await page.evaluate(() => "hurt" in globalThis), false);
    }),
  );
});
