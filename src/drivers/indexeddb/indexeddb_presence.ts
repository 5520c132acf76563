import { defer } from "../../base/defer.ts";
import { isError } from "../../base/realm.ts";

interface LockOptions {
  readonly mode?: "shared" | "exclusive" | undefined;
  readonly ifAvailable?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Locks {
  request<T>(name: string, options: LockOptions, work: (lock: object | null) => T | Promise<T>): Promise<T>;
}

/** A holder that lives in this page. */
interface Present {
  readonly depart: () => void;
  /** Resolves once others can see it. */
  readonly isSeen: Promise<void>;
}

/** All of them. Their locks end with the page, however it ends. */
const present = new Map<string, Present>();

/**
 * Shows that a holder, whose name is unique in the origin, lives as long as this page does, or until `depart`. Resolves once
 * others can see it. Each holder has a Web Lock: the browser releases it when a page is closed or crashes, and keeps it while
 * a page is frozen.
 */
export async function appear(holder: string): Promise<void> {
  const locks = locksHere();
  if (locks === undefined) return;
  if (!present.has(holder)) {
    const departed = defer<void>();
    const isSeen = new Promise<void>((resolve) => {
      const stay = (): Promise<void> => (resolve(), departed.promise);
      locks.request(holder, { mode: "shared" }, stay).catch(() => resolve());
    });
    present.set(holder, { depart: departed.resolve, isSeen });
  }
  await present.get(holder)?.isSeen;
}

/** The holder does not need to be seen any more. */
export function depart(holder: string): void {
  present.get(holder)?.depart();
  present.delete(holder);
}

/** Whether a holder is gone for certain. */
export async function isGone(holder: string): Promise<boolean> {
  const locks = locksHere();
  if (locks === undefined || present.has(holder)) return false;
  return await locks.request(holder, { ifAvailable: true }, (lock) => lock !== null).catch(() => false);
}

/** Resolves once a holder is gone; never if that cannot be seen here. */
export async function whenGone(holder: string, signal: AbortSignal): Promise<void> {
  try {
    const request = locksHere()?.request(holder, { signal }, () => {});
    await (request ?? new Promise(() => {}));
  } catch (error) {
    if (!(isError(error) && error.name === "AbortError")) throw error;
  }
}

/** Not in pages that came over plain HTTP. */
function locksHere(): Locks | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly locks?: Locks | undefined } | undefined };
  return navigator?.locks;
}
