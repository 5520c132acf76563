/// <reference lib="dom" />
import { describe } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { serve, type Served } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { NO_BROWSER, openPage } from "./chromium.ts";
import { seenIn } from "./tabs.ts";
import { NO_WEBKIT, openWebkit } from "./webkit.ts";

const PAGE = '<!DOCTYPE html><html lang="en"><title>Inspector</title><link rel="icon" href="data:,">' +
  '<body><main><h1>A page</h1><vantage-inspector></vantage-inspector></main><script type="module" src="/page.js"></script>';

/** No inline script or style, no eval, no image. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let built: Promise<ReadonlyMap<string, string>> | undefined;

async function servePage(): Promise<Served> {
  const page = fileURLToPath(new URL("./inspector_page.ts", import.meta.url));
  const files = await (built ??= bundle({ entryPoints: { page } }));
  return await serve((request) => {
    const script = files.get(new URL(request.url).pathname);
    if (script !== undefined) return new Response(script, { headers: { "content-type": "text/javascript" } });
    return new Response(PAGE, { headers: { "content-type": "text/html", "content-security-policy": POLICY } });
  });
}

/** Opens the page with a clock that stands still until it is told to run, and waits for the first picture. */
async function withInspector(
  use: (page: Page) => Promise<void>,
  media: Parameters<Page["emulateMedia"]>[0] = {},
): Promise<void> {
  const served = await servePage();
  try {
    await openPage(async (page) => {
      const problems: string[] = [];
      page.on("console", (message) => void problems.push(message.text()));
      page.on("pageerror", (error) => void problems.push(String(error)));
      page.on("dialog", (dialog) => void problems.push(dialog.message()));
      await page.emulateMedia(media);
      await page.clock.install();
      await page.goto(served.url);
      const write = page.locator("vantage-inspector").getByText("patch: ");
      await running(page, write.waitFor());
      await use(page);
      assert.deepEqual(problems, []);
    });
  } finally {
    await served.close();
  }
}

/** Lets the page's clock run until something has happened there. */
async function running<T>(page: Page, happening: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  happening.then(over, over);
  while (!isOver) await page.clock.runFor(100);
  return await happening;
}

/** In the page: resolves when those who observe whether the inspector can be seen have been told that it cannot. */
function outOfSight(): Promise<void> {
  const element = document.querySelector("vantage-inspector");
  return new Promise((resolve) => {
    if (element === null) return resolve();
    new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => !isIntersecting) && resolve()).observe(
      element,
    );
  });
}

function askedOf(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as { asked: { times: number } }).asked.times);
}

/** What axe finds wrong on the page. */
async function violationsOn(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 300)}`);
  });
}

interface Seen {
  readonly text: string;
  readonly foreign: readonly string[];
  readonly broken: boolean;
  readonly pictures: number;
}

function checkSeen({ text, foreign, broken, pictures }: Seen): void {
  assert.match(text, /Last minute: 60 % of 5 reads served from the cache/);
  assert.match(text, /patch: sent/);
  assert.match(text, /last attempt: UnavailableError \(unavailable\)/);
  assert.match(text, /dropped: invalidate\(\)/);
  assert.match(text, /took a change without the master: write \S+ of row a/);
  assert.match(text, /put, stored/);
  assert.match(text, /1 gap so far/);
  assert(text.includes("<img src=x onerror="), "hostile text is shown as it is");
  assert(!text.includes("hunter2"), "no text of an error is shown");
  assert.deepEqual(foreign, []);
  assert.equal(broken, false);
  assert(pictures >= 4, `${pictures} pictures`);
}

describe("<vantage-inspector> in Chromium", () => {
  skippable("shows what a table did, and hostile text as text, under a strict policy", NO_BROWSER, async () => {
    await withInspector(async (page) => {
      const seen = page.evaluate(() => (globalThis as unknown as { seen: Promise<string> }).seen);
      checkSeen(JSON.parse(await running(page, seen)));
    });
  });

  skippable("has nothing that axe finds wrong, in light and in dark", NO_BROWSER, async () => {
    await withInspector(async (page) => {
      assert.deepEqual(await violationsOn(page), []);
      await page.emulateMedia({ colorScheme: "dark" });
      assert.deepEqual(await violationsOn(page), []);
    });
  });

  skippable("draws twice a second, and not while it is closed, paused or out of sight", NO_BROWSER, async () => {
    await withInspector(async (page) => {
      const during = async (ms: number): Promise<number> => {
        const before = await askedOf(page);
        for (let left = ms; left > 0; left -= 100) await page.clock.runFor(100);
        return await askedOf(page) - before;
      };
      // The page's clock also goes on by itself.
      const now = (): Promise<number> => page.evaluate(() => performance.now());
      const beganAt = await now();
      const drawn = await during(3_000);
      const most = (await now() - beganAt) / 500 + 1;
      assert(drawn >= 3 && drawn <= most, `${drawn} times, at most ${most}`);
      const button = (name: string) => page.getByRole("button", { name });
      await button("Hide").focus();
      await page.keyboard.press("Enter");
      assert.equal(await button("Show").getAttribute("aria-expanded"), "false");
      assert.equal(await during(3_000), 0);
      await page.keyboard.press("Enter");
      assert(await during(1_000) >= 1);
      await button("Pause").click();
      assert.equal(await during(3_000), 0);
      await button("Follow").click();
      assert(await during(1_000) >= 1);
      await page.evaluate(() => document.querySelector("vantage-inspector")?.setAttribute("hidden", ""));
      await page.evaluate(outOfSight);
      assert.equal(await during(3_000), 0);
      await page.evaluate(() => document.querySelector("vantage-inspector")?.remove());
      assert.equal(await during(3_000), 0);
    });
  });

  skippable("keeps the focus and the choice while it draws", NO_BROWSER, async () => {
    await withInspector(async (page) => {
      const entries = page.locator("vantage-inspector select").nth(1);
      const [first, second] = await entries.locator("option").allTextContents();
      assert(first !== undefined && second !== undefined);
      await entries.focus();
      await entries.selectOption(second);
      await page.clock.runFor(1_000);
      await page.clock.runFor(1_000);
      assert.equal(await entries.inputValue(), second);
      const focused = await page.evaluate(() =>
        document.querySelector("vantage-inspector")?.shadowRoot?.activeElement?.localName
      );
      assert.equal(focused, "select");
    });
  });

  skippable("draws once and waits to be asked where people prefer less motion", NO_BROWSER, async () => {
    await withInspector(async (page) => {
      for (let times = 0; times < 20; times++) await page.clock.runFor(100);
      assert.equal(await askedOf(page), 1);
      await page.getByRole("button", { name: "Follow" }).click();
      for (let times = 0; times < 10; times++) await page.clock.runFor(100);
      assert(await askedOf(page) >= 2);
    }, { reducedMotion: "reduce" });
  });
});

describe("<vantage-inspector> in WebKit", () => {
  skippable("shows what a table did, and hostile text as text, under a strict policy", NO_WEBKIT, async () => {
    const served = await servePage();
    try {
      checkSeen(JSON.parse(String(await seenIn(openWebkit, served.url))));
    } finally {
      await served.close();
    }
  });
});
