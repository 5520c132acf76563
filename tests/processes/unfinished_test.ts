import assert from "node:assert/strict";
import { describe } from "node:test";
import { Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../conformance/temp_folder.ts";
import { skippable } from "../skippable.ts";
import { ONLY_ON_DENO, startChild } from "./children.ts";

/** The write that a process has begun, and where. */
export interface Unfinished {
  readonly path: string;
  readonly scope: string;
  readonly id: string;
  readonly writeId: string;
  readonly at: number;
  readonly dueAt: number;
}

const SPAN_MS = 30_000;

describe("A write whose process was killed before it could log what became of it", () => {
  for (const runtime of ["deno", "node", "bun"] as const) {
    skippable(`is a change of its row once it is overdue, for another process: ${runtime}`, ONLY_ON_DENO, async () => {
      const write: Unfinished = {
        path: newPath("cache.db"),
        scope: "clients/",
        id: "a",
        writeId: "w",
        at: 1_000,
        dueAt: 31_000,
      };
      await using cache = await SqliteCache.open(write.path);
      cache.put("clients/all", { rows: Rows.from([["a", { name: "old" }]]), fetchedAt: 1 });
      await using child = startChild(runtime, "unfinished_child.ts", write);
      assert.equal((await child.lines.next()).value, "logged");
      child.kill();
      assert.equal(await child.ended, null);

      const held = cache.get("clients/all");
      assert.deepEqual([held?.since, held?.intentsDueAt], [undefined, write.dueAt]);
      const fence = cache.fence("clients/all");
      assert.equal(cache.log(write.scope, { kind: "overdue", now: write.dueAt - 1, spanMs: SPAN_MS }), fence);
      assert.equal(cache.get("clients/all")?.since, undefined);

      assert.notEqual(cache.log(write.scope, { kind: "overdue", now: write.dueAt, spanMs: SPAN_MS }), fence);
      const suspect = cache.get("clients/all");
      const { id, writeId, at } = write;
      assert.deepEqual(suspect?.since?.changes.map(({ change, from }) => ({ change, from })), [
        { change: { kind: "updated", id, at, cause: "write", writeId, outcome: "unknown" }, from: undefined },
      ]);
      assert.equal(suspect.intentsDueAt, undefined);
    });
  }
});
