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
import { NO_FIREFOX, openFirefox } from "./firefox.ts";
import { inBrowser, type OpenBrowser, type Tab, withFolder } from "./tabs.ts";
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

/** Opens the page in a browser with a new profile, and waits for the first picture. */
async function inOther(
  open: (folder: string) => Promise<OpenBrowser>,
  use: (tab: Tab) => Promise<void>,
): Promise<void> {
  const served = await servePage();
  try {
    await withFolder((folder) =>
      inBrowser(open, folder, async ({ openTab }) => {
        const tab = await openTab(served.url);
        checkSeen(JSON.parse(String(await tab.ask("globalThis.seen"))));
        await use(tab);
      })
    );
  } finally {
    await served.close();
  }
}

/** Evaluates a function in a tab, with the inspector's shadow root. */
async function inRoot<T>(tab: Tab, act: (root: ShadowRoot) => T | Promise<T>): Promise<T> {
  return await tab.ask(`(${act})(document.querySelector("vantage-inspector").shadowRoot)`) as T; // what the function gives
}

async function violationsIn(tab: Tab): Promise<unknown> {
  await tab.ask(`(() => {${readFileSync(AXE, "utf8")}\n})()`);
  return await tab.ask(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html)))`,
  );
}

async function click(tab: Tab, name: string): Promise<void> {
  await tab.ask(
    `[...document.querySelector("vantage-inspector").shadowRoot.querySelectorAll("button")]
      .find(({ textContent }) => textContent === "${name}").click()`,
  );
}

/** How often the inspector has drawn in the time for three pictures. */
async function drawnIn(tab: Tab): Promise<number> {
  return await tab.ask(
    `(async () => {
      const before = asked.times;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return asked.times - before;
    })()`,
  ) as number;
}

const DARK = { "layout.css.prefers-color-scheme.content-override": 0 };
const REDUCED_MOTION = { "ui.prefersReducedMotion": 1 };

const OTHERS = [
  { name: "Firefox", reason: NO_FIREFOX, open: openFirefox, hasPreferences: true },
  { name: "WebKit", reason: NO_WEBKIT, open: openWebkit, hasPreferences: false },
] as const;

for (const { name, reason, open, hasPreferences } of OTHERS) {
  const noPreferences = reason ?? (hasPreferences ? undefined : "its driver sets no preference of the user");

  describe(`<vantage-inspector> in ${name}`, () => {
    skippable(
      "shows what a table did, and hostile text as text, under a strict policy; axe finds nothing wrong",
      reason,
      () =>
        inOther(open, async (tab) => {
          assert.deepEqual(await violationsIn(tab), []);
        }),
    );

    skippable(
      "has nothing that axe finds wrong in dark",
      noPreferences,
      () =>
        inOther((folder) => openFirefox(folder, DARK), async (tab) => {
          assert.equal(await tab.ask('matchMedia("(prefers-color-scheme: dark)").matches'), true);
          assert.deepEqual(await violationsIn(tab), []);
        }),
    );

    skippable("draws, and not while it is closed, paused or out of sight", reason, () =>
      inOther(open, async (tab) => {
        assert(await drawnIn(tab) >= 1);
        for (const [stop, go] of [["Hide", "Show"], ["Pause", "Follow"]] as const) {
          await click(tab, stop);
          // What was being drawn is done.
          await drawnIn(tab);
          assert.equal(await drawnIn(tab), 0, stop);
          await click(tab, go);
          assert(await drawnIn(tab) >= 1, go);
        }
        await tab.ask(`document.querySelector("vantage-inspector").setAttribute("hidden", "")`);
        await tab.ask(`(${outOfSight})()`);
        await drawnIn(tab);
        assert.equal(await drawnIn(tab), 0);
      }));

    skippable("keeps the focus and the choice while it draws", reason, () =>
      inOther(open, async (tab) => {
        const chosen = await inRoot(tab, (root) => {
          const [, entries] = root.querySelectorAll("select");
          if (entries === undefined) return "";
          entries.focus();
          entries.selectedIndex = 1;
          entries.dispatchEvent(new Event("change"));
          return entries.value;
        });
        assert(chosen !== "");
        await drawnIn(tab);
        assert.deepEqual(
          await inRoot(tab, (root) => {
            const focused = root.activeElement;
            return focused instanceof HTMLSelectElement ? focused.value : focused?.localName;
          }),
          chosen,
        );
      }));

    skippable(
      "draws once and waits to be asked where people prefer less motion",
      noPreferences,
      () =>
        inOther((folder) => openFirefox(folder, REDUCED_MOTION), async (tab) => {
          await drawnIn(tab);
          assert.equal(await tab.ask("asked.times"), 1);
          await click(tab, "Follow");
          assert(await drawnIn(tab) >= 1);
        }),
    );
  });
}
