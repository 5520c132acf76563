import { NO_BROWSER, openChromium } from "./chromium.ts";
import { NO_FIREFOX, openFirefox } from "./firefox.ts";
import type { OpenBrowser, Tab } from "./tabs.ts";
import { NO_WEBKIT, openWebkit } from "./webkit.ts";

/** The driver of a browser. */
export interface Engine {
  readonly name: string;
  /** Why it cannot be driven here. */
  readonly reason: string | undefined;
  readonly open: (folder: string) => Promise<OpenBrowser>;
  readonly crashes: boolean;
  readonly freezes: boolean;
  /** Whether the other tabs can be asked while one is frozen. */
  readonly asksMeanwhile: boolean;
  readonly limitsDisk: boolean;
  /** Whether a profile is there when the browser is started again. */
  readonly keepsProfiles: boolean;
}

/** All of them. */
export const ENGINES: readonly Engine[] = [
  {
    ...{ name: "Chromium", reason: NO_BROWSER, open: openChromium },
    ...{ crashes: true, freezes: true, asksMeanwhile: true, limitsDisk: true, keepsProfiles: true },
  },
  {
    ...{ name: "Firefox", reason: NO_FIREFOX, open: openFirefox },
    ...{ crashes: false, freezes: true, asksMeanwhile: true, limitsDisk: false, keepsProfiles: true },
  },
  {
    ...{ name: "WebKit", reason: NO_WEBKIT, open: openWebkit },
    ...{ crashes: false, freezes: true, asksMeanwhile: false, limitsDisk: false, keepsProfiles: false },
  },
];

/** The longest that a tab may take to answer. */
const TIME_LIMIT_MS = 60_000;

/** Asks a tab, for a limited time. */
export async function ask(tab: Tab, script: string): Promise<unknown> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  AbortSignal.timeout(TIME_LIMIT_MS).onabort = () => reject(new Error(`no answer to ${script}`));
  return await Promise.race([tab.ask(script), late]);
}

/** Opens a tab; what it can be asked for is there once its script has run. */
export async function opened({ openTab }: OpenBrowser, url: string): Promise<Tab> {
  const tab = await openTab(url);
  await ask(tab, "globalThis.opened ?? new Promise((resolve) => globalThis.onOpened = resolve)");
  return tab;
}
