import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import puppeteer from "puppeteer-core";
import type { OpenBrowser, Tab } from "./tabs.ts";

const PATH = [process.env.FIREFOX_PATH ?? "", "/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

/** Why a test in Firefox is skipped here. */
export const NO_FIREFOX: string | undefined = "Deno" in globalThis
  ? PATH === undefined ? "there is no Firefox; .ci/run installs it (firefox-esr), or set FIREFOX_PATH" : undefined
  : "the browser is the same in every runtime, and driven from Deno";

/** The longest that a page may take. */
const TIME_LIMIT_MS = 60_000;

/** How long a tab is frozen: longer than it may keep others waiting. */
const FROZEN_MS = 12_000;

/**
 * Starts headless Firefox with a profile in a folder, which all tabs share. No tab can be made to crash alone. `preferences` are
 * those of `about:config`.
 */
export async function openFirefox(
  folder: string,
  preferences: Readonly<Record<string, unknown>> = {},
): Promise<OpenBrowser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: PATH ?? "",
    headless: true,
    userDataDir: folder,
    extraPrefsFirefox: preferences,
    protocolTimeout: TIME_LIMIT_MS,
  });
  const openTab = async (url: string): Promise<Tab> => {
    const page = await browser.newPage();
    await page.goto(url, { timeout: TIME_LIMIT_MS });
    return {
      ask: (script) => page.evaluate(script),
      close: () => page.close(),
      // Tabs that were not opened by one another have processes of their own.
      freeze: () => {
        const over = page.evaluate(`{ const end = Date.now() + ${FROZEN_MS}; while (Date.now() < end); }`);
        return Promise.resolve(async () => void await over);
      },
    };
  };
  const child = browser.process();
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return { openTab, close: () => browser.close(), kill };
}
