import { existsSync } from "node:fs";
import process from "node:process";
import puppeteer, { type Browser } from "puppeteer-core";
import { type OpenTab, withFolder } from "./tabs.ts";

const PATH = [process.env.FIREFOX_PATH ?? "", "/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

/** Why a test in Firefox is skipped here. */
export const NO_FIREFOX: string | undefined = "Deno" in globalThis
  ? PATH === undefined ? "there is no Firefox; .ci/run installs it (firefox-esr), or set FIREFOX_PATH" : undefined
  : "the browser is the same in every runtime, and driven from Deno";

/** The longest that a page may take. */
const TIME_LIMIT_MS = 60_000;

/** Starts headless Firefox with a profile in a folder, which all pages share, and ends it after `use`. */
async function withFirefox<T>(folder: string, use: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: PATH ?? "",
    headless: true,
    userDataDir: folder,
    protocolTimeout: TIME_LIMIT_MS,
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** Opens a page in Firefox, and gives what its promise `globalThis.seen` resolves to. */
export async function seenInFirefox(url: string): Promise<unknown> {
  return await withFolder((folder) =>
    withFirefox(folder, async (browser) => {
      const page = await browser.newPage();
      await page.goto(url, { timeout: TIME_LIMIT_MS });
      return await page.evaluate("globalThis.seen");
    })
  );
}

/** Starts Firefox with a profile in a folder, for `use` to open tabs in. All tabs of an origin are one process: none can crash alone. */
export async function withFirefoxTabs(folder: string, use: (openTab: OpenTab) => Promise<void>): Promise<void> {
  await withFirefox(folder, (browser) =>
    use(async (url) => {
      const page = await browser.newPage();
      await page.goto(url, { timeout: TIME_LIMIT_MS });
      return { ask: (script) => page.evaluate(script), close: () => page.close() };
    }));
}
