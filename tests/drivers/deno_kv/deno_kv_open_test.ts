import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openKv } from "../../../src/drivers/deno_kv/deno_kv_handle.ts";

/** Runs `body` in a runtime whose `Deno.openKv` fails a number of times. */
async function failing(times: number, body: () => Promise<void>): Promise<number> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "Deno");
  let calls = 0;
  const openKvOfRuntime = (): Promise<object> =>
    ++calls > times ? Promise.resolve({ close: () => {} }) : Promise.reject(new Error("database is locked"));
  Object.defineProperty(globalThis, "Deno", { value: { openKv: openKvOfRuntime }, configurable: true, writable: true });
  try {
    await body();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "Deno");
    else Object.defineProperty(globalThis, "Deno", before);
  }
  return calls;
}

describe("DenoKvCache.open() of a file that another process is creating", () => {
  it("tries again, since Deno does not wait for the lock", async () => {
    const calls = await failing(2, async () => void (await openKv("new.db")).close());
    assert.equal(calls, 3);
  });

  it("gives up in the end, and says which database", async () => {
    const calls = await failing(Infinity, async () => {
      await assert.rejects(
        openKv("new.db"),
        (error: Error) => error instanceof TypeError && /"new.db"/.test(error.message),
      );
    });
    assert.equal(calls, 6);
  });

  it("shows nothing of a URL, which may have a password", async () => {
    await failing(Infinity, async () => {
      await assert.rejects(openKv("https://me:secret@127.0.0.1/kv"), (error: Error) => {
        return error instanceof TypeError && !error.message.includes("secret");
      });
    });
  });
});
