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
}

/** Opens another tab with the same profile. */
export type OpenTab = (url: string) => Promise<Tab>;

/** Makes a folder for a profile, and removes it after `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "vantage-profile-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
