import assert from "node:assert/strict";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { settle } from "@vantage/live/testing";

type Collect = () => void;

/** Collects garbage now, where the runtime lets a test ask for it; `undefined` elsewhere. */
const collect = ((): Collect | undefined => {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  try {
    setFlagsFromString("--expose-gc");
    return runInNewContext("gc");
  } catch {
    return undefined;
  }
})();

/** Why what is left behind cannot be looked for here; `undefined` where it can. */
export const NO_COLLECTION: string | undefined = collect === undefined
  ? "no test can have garbage collected here"
  : "Bun" in globalThis
  ? "Bun takes what may be a pointer for one"
  : undefined;

/** Asserts that nothing holds what a test has noted, once it has let go of it itself. */
export async function assertForgotten(noted: readonly WeakRef<object>[]): Promise<void> {
  assert(noted.length > 0);
  await settle();
  collect?.();
  const held = noted.filter((ref) => ref.deref() !== undefined).length;
  assert.equal(held, 0, `${held} of ${noted.length} are held`);
}

/** How many bytes more are held after some work than before. */
export async function bytesKept(work: () => Promise<void> | void): Promise<number> {
  const held = async (): Promise<number> => {
    await settle();
    collect?.();
    return process.memoryUsage().heapUsed;
  };
  const before = await held();
  await work();
  return await held() - before;
}
