import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A tab of a browser. */
export interface Tab {
  /** Evaluates a script, and gives what its promise resolves to. */
  ask(script: string): Promise<unknown>;
  close(): Promise<void>;
  /** Ends its process. Left out where the driver cannot. */
  readonly crash?: (() => Promise<void>) | undefined;
  /** Stops all its code, until the returned function is called. Left out where the driver cannot. */
  readonly freeze?: (() => Promise<() => Promise<void>>) | undefined;
  /** Lets an origin keep so many bytes. Left out where the driver cannot. */
  readonly limitDisk?: ((origin: string, bytes: number) => Promise<void>) | undefined;
}

/** A browser. */
export interface OpenBrowser {
  /** Opens another tab with the same profile. */
  openTab(url: string): Promise<Tab>;
  close(): Promise<void>;
  /** Ends it as a crash does: nothing is saved, and no page is asked. Left out where it keeps no profile. */
  readonly kill?: (() => Promise<void>) | undefined;
}

/** Makes a folder for a profile. */
export async function newFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "vantage-profile-"));
}

/** Removes the folder of a profile, which a browser that ends may still write to. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Makes a folder for a profile, and removes it after `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await newFolder();
  try {
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
}

/** Starts a browser with the profile in a folder, and ends it after `use`. */
export async function inBrowser<T>(
  open: (folder: string) => Promise<OpenBrowser>,
  folder: string,
  use: (browser: OpenBrowser) => Promise<T>,
): Promise<T> {
  const browser = await open(folder);
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** Opens a page in a browser with a new profile, and gives what its promise `globalThis.seen` resolves to. */
export async function seenIn(open: (folder: string) => Promise<OpenBrowser>, url: string): Promise<unknown> {
  return await withFolder((folder) =>
    inBrowser(open, folder, async ({ openTab }) => await (await openTab(url)).ask("globalThis.seen"))
  );
}
