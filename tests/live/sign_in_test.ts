import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defineTable,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemOutbox,
  type Row,
  type TableSource,
  UnauthorizedError,
  type Write,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

const IDS = ["x", "y", "z", "u", "v"];

/** A table over a master whose `patch` is given. */
function opened(patch: NonNullable<TableSource["patch"]>, options: LiveTableOptions = {}): LiveTable {
  const master = defineTable({ name: "t", list: () => IDS.map((id) => [id, { n: 0 }] as const), patch });
  return new LiveTable(master, "t", new MemCache(), { clock: new FakeClock(), onUnauthorized: "wait", ...options });
}

const patch = (live: LiveTable, id: string): Write => live.enqueue({ kind: "patch", id, partial: { n: 1 } });

describe("LiveTable, onUnauthorized: wait", () => {
  it("sends a write again that was refused with what the user had before signing in, and holds up no other", async () => {
    let token = "old";
    const gate = Promise.withResolvers<void>();
    const live = opened(async (_id, partial) => {
      const mine = token;
      if (mine === "old") await gate.promise;
      if (mine === "old") throw new UnauthorizedError("expired");
      return partial;
    });
    const [first, other] = [patch(live, "x"), patch(live, "y")];
    await settle();
    token = "new";
    live.resumeWrites();
    gate.resolve();
    await Promise.all([first.applied, other.applied, patch(live, "z").applied]);
    assert.deepEqual([first.attempts, other.attempts], [2, 2]);
    await live.close();
  });

  it("sets a write aside that the user may not do, once the others show that the credentials are good", async () => {
    for (const writeConcurrency of [1, 8]) {
      for (const isSlow of [false, true]) {
        let isAllowed = false;
        const gates: (() => void)[] = [];
        const failed: string[] = [];
        const forbid = async (id: string, partial: Row): Promise<Row> => {
          if (id === "x" && !isAllowed) throw new UnauthorizedError("forbidden");
          if (isSlow) await new Promise<void>((resolve) => gates.push(resolve));
          return partial;
        };
        const onWriteFailed = ({ rowId }: { rowId: string | undefined }): void => void failed.push(String(rowId));
        const live = opened(forbid, { outbox: new MemOutbox(), writeConcurrency, onWriteFailed });
        const release = async (): Promise<void> => {
          await settle();
          for (const resolve of gates.splice(0)) resolve();
          await settle();
        };
        const all = IDS.map((id) => patch(live, id));
        for (let round = 0; round < 3; round++) {
          await release();
          live.resumeWrites();
          for (const id of IDS.slice(1)) all.push(patch(live, id));
        }
        for (let round = 0; round < 20; round++) await release();
        assert.deepEqual(all.map(({ state }) => state), ["failed", ...all.slice(1).map(() => "applied")]);
        assert.deepEqual(failed, ["x"]);
        const [entry] = await live.failedWrites();
        assert.deepEqual([entry?.rowId, entry?.failure.code], ["x", "unauthorized"]);
        isAllowed = true;
        assert(await live.retry(entry?.id ?? ""));
        for (let round = 0; round < 5; round++) await release();
        assert.deepEqual([await live.failedWrites(), live.pendingWrites()], [[], []]);
        await live.close();
      }
    }
  });

  it("fails nothing for credentials that have expired, however often writes are resumed without others", async () => {
    let isSignedIn = true;
    const live = opened((_id, partial) => {
      if (!isSignedIn) throw new UnauthorizedError("expired");
      return partial;
    });
    await patch(live, "x").applied;
    live.resumeWrites();
    await patch(live, "x").applied;
    isSignedIn = false;
    const writes = IDS.map((id) => patch(live, id));
    for (let round = 0; round < 10; round++) {
      await settle();
      live.resumeWrites();
    }
    await settle();
    assert(writes.every(({ state }) => state === "sent" || state === "accepted"));
    isSignedIn = true;
    live.resumeWrites();
    await Promise.all(writes.map(({ applied }) => applied));
    isSignedIn = false;
    const later = IDS.map((id) => patch(live, id));
    await settle();
    isSignedIn = true;
    live.resumeWrites();
    await Promise.all(later.map(({ applied }) => applied));
    await live.close();
  });
});
