import { existsSync } from "node:fs";
import process from "node:process";
import puppeteer, { type Page } from "puppeteer-core";

const PATH = [process.env.FIREFOX_PATH ?? "", "/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

/** Why a test in Firefox is skipped here. */
export const NO_FIREFOX: string | undefined = "Deno" in globalThis
  ? PATH === undefined ? "there is no Firefox; .ci/run installs it (firefox-esr), or set FIREFOX_PATH" : undefined
  : "the browser is the same in every runtime, and driven from Deno";

/** The longest that a page may take. */
const TIME_LIMIT_MS = 60_000;

/** Starts headless Firefox with a profile of its own, which all pages share, and ends it after `use`. */
export async function withFirefox<T>(use: (openPage: (url: string) => Promise<Page>) => Promise<T>): Promise<T> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: PATH ?? "",
    headless: true,
    protocolTimeout: TIME_LIMIT_MS,
  });
  try {
    return await use(async (url) => {
      const page = await browser.newPage();
      await page.goto(url, { timeout: TIME_LIMIT_MS });
      return page;
    });
  } finally {
    await browser.close();
  }
}

/** Opens a page in Firefox, and gives what its promise `globalThis.seen` resolves to. */
export async function seenInFirefox(url: string): Promise<unknown> {
  return await withFirefox(async (openPage) => {
    const page = await openPage(url);
    return await page.evaluate("globalThis.seen");
  });
}
