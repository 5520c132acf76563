import { existsSync } from "node:fs";
import process from "node:process";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import type { OpenBrowser, Tab } from "./tabs.ts";

const PATH = [process.env.CHROMIUM_PATH ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);

/** Why a test in the browser is skipped here. */
export const NO_BROWSER: string | undefined = "Deno" in globalThis
  ? PATH === undefined ? "there is no chromium; .ci/run installs it, or set CHROMIUM_PATH" : undefined
  : "the browser is the same in every runtime, and driven from Deno";

/** The longest that a page may take. */
const TIME_LIMIT_MS = 60_000;

/**
 * Opens a page in headless Chromium, and gives the first `count` lines that it logs. Rejects at the first complaint: the
 * page throws, breaks its policy, fails to load something, or takes too long. `prepare` sees the page before it is opened.
 */
export async function visit(
  url: string,
  count: number,
  prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const browser = await chromium.launch({ executablePath: PATH ?? "", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await prepare(page);
    return await new Promise((resolve, reject) => {
      const lines: string[] = [];
      AbortSignal.timeout(3 * TIME_LIMIT_MS).onabort = () =>
        reject(new Error(`${url} logged only ${lines.length} lines`));
      page.on("pageerror", reject);
      page.on("console", (message) => {
        if (message.type() !== "log") reject(new Error(`${message.text()} (${message.location().url})`));
        lines.push(message.text());
        if (lines.length === count) resolve(lines);
      });
      page.goto(url, { timeout: TIME_LIMIT_MS }).catch(reject);
    });
  } finally {
    await browser.close();
  }
}

/** What a page logs, line by line. */
export type PageLines = AsyncIterable<string> & AsyncIterator<string>;

/** Opens an empty page in headless Chromium, which keeps pages that it leaves, and closes it after `use`. */
export async function openPage(use: (page: Page, lines: PageLines) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: PATH ?? "",
    args: ["--no-sandbox"],
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIME_LIMIT_MS);
    const lines = new ReadableStream<string>({
      start: (controller) => {
        AbortSignal.timeout(TIME_LIMIT_MS).onabort = () => controller.error(new Error(`${page.url()} logged no more`));
        page.on("pageerror", (error) => controller.error(error));
        page.on("console", (message) => controller.enqueue(message.text()));
      },
    });
    await use(page, lines.values({ preventCancel: true }));
  } finally {
    await browser.close();
  }
}

/** Starts headless Chromium with a profile in a folder, which all tabs share. */
export async function openChromium(folder: string): Promise<OpenBrowser> {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: PATH ?? "",
    args: ["--no-sandbox"],
  });
  context.setDefaultTimeout(TIME_LIMIT_MS);
  const kill = async (): Promise<void> => {
    const [page = await context.newPage()] = context.pages();
    const cdp = await context.newCDPSession(page);
    const ended = new Promise<void>((resolve) => context.once("close", () => resolve()));
    // It is never answered.
    cdp.send("Browser.crash").catch(() => {});
    await ended;
  };
  return { openTab: (url) => openChromiumTab(context, url), close: () => context.close(), kill };
}

async function openChromiumTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await page.goto(url);
  return {
    ask: (script) => page.evaluate(script),
    close: () => page.close(),
    crash: async () => {
      const crashed = page.waitForEvent("crash");
      // It is never answered.
      cdp.send("Page.crash").catch(() => {});
      await crashed;
    },
    freeze: async () => {
      await cdp.send("Debugger.enable");
      await cdp.send("Debugger.pause");
      return async () => void await cdp.send("Debugger.disable");
    },
    limitDisk: async (origin, bytes) => {
      await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: bytes });
    },
  };
}
