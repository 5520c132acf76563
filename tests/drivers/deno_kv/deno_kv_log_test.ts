import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Change } from "@vantage/live";
import { DenoKvCache, type KvHandle } from "@vantage/live/deno-kv";
import { defineTracer } from "@vantage/live/trace";
import { Recorder } from "../recorder.ts";
import { before, countOf, entry, HookedKv, kvIt, stored } from "./deno_kv_fixture.ts";

function updated(id: string, text = ""): Change {
  return { kind: "updated", id, row: { text }, at: 1, cause: "event" };
}

function unfinished(writeId: string): Change {
  return { kind: "updated", id: writeId, at: 1, cause: "write", writeId, outcome: "unknown" };
}

async function idsSince(cache: DenoKvCache, key: string): Promise<string[] | undefined> {
  const held = await cache.get(key);
  return held && (held.since?.changes ?? []).map(({ change }) => change.kind === "changed" ? "" : change.id);
}

function bodyOf(value: unknown): Uint8Array {
  return Object(value).body;
}

/** The counts of logs and of the bytes of their changes are right, and no change is left that no log has. */
async function assertCounted(kv: KvHandle): Promise<void> {
  const [logs, changes] = [await stored(kv, "log"), await stored(kv, "change")];
  assert.equal(await countOf(kv, "logs"), logs.length);
  const bytes = changes.reduce((sum, { value }) => sum + bodyOf(value).length + 256, 0);
  assert.equal(await countOf(kv, "logged"), bytes);
  const lengths = logs.map(({ value }) => Object(value).position - Object(value).floor);
  assert.equal(changes.length, lengths.reduce((sum, length) => sum + length, 0));
}

/** Changes what stands under the keys of one kind. */
async function overwrite(kv: KvHandle, part: string, change: (value: object, at: number) => unknown): Promise<void> {
  for (const [at, { key, value }] of (await stored(kv, part)).entries()) {
    await kv.atomic().set(key as Parameters<KvHandle["getMany"]>[0][number], change(Object(value), at)).commit();
  }
}

describe("The log of a DenoKvCache", () => {
  kvIt("is counted right through logging, cutting, settling and invalidating", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxScopes: 4, maxChanges: 5 });
    for (let round = 0; round < 120; round++) {
      const scope = `s${round % 7}/`;
      await cache.log(scope, { kind: "change", change: updated(`${round % 3}`, "x".repeat(round % 50)) });
      if (round % 5 === 0) {
        await cache.log(scope, { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: round });
      }
      if (round % 5 === 3) await cache.log(`s${(round - 3) % 7}/`, { kind: "settled", writeId: "w" });
      if (round % 10 === 0) await cache.invalidatePrefix(scope);
      if (round % 40 === 0) await cache.log(scope, { kind: "overdue", now: round, spanMs: 1_000 });
      await assertCounted(kv);
      assert(await countOf(kv, "logs") <= 4);
    }
  });

  kvIt("leaves most of the bytes to entries: its oldest changes go first", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxBytes: 100_000 });
    for (const key of ["a/1", "b/1"]) await cache.put(key, entry(key));
    for (let count = 0; count < 60; count++) {
      await cache.log("a/", { kind: "change", change: updated(`${count}`, "x".repeat(2_000)) });
      assert(await countOf(kv, "logged") <= 30_000);
    }
    assert.equal(await cache.get("a/1"), undefined, "the log does not reach back to it");
    assert.deepEqual(await idsSince(cache, "b/1"), []);
    await cache.log("c/", { kind: "change", change: updated("c", "x".repeat(2_000)) });
    await assertCounted(kv);
  });

  kvIt("makes changes of many overdue intents", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    await cache.put("a/1", entry("x"));
    const ids = Array.from({ length: 30 }, (_, number) => `w${number}`);
    for (const writeId of ids) {
      await cache.log("a/", { kind: "intent", change: unfinished(writeId), writeId, dueAt: 5 });
    }
    await cache.log("a/", { kind: "overdue", now: 5, spanMs: 10 });
    assert.deepEqual((await idsSince(cache, "a/1"))?.sort(), ids.sort());
    assert.deepEqual(await stored(kv, "intent"), []);
    await assertCounted(kv);
  });

  kvIt("takes one of more intents than changes are kept for overdue", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxChanges: 3 });
    await cache.put("a/1", entry("x"));
    for (const writeId of ["1", "2", "3", "4", "4"]) {
      await cache.log("a/", { kind: "intent", change: unfinished(writeId), writeId, dueAt: 5 });
    }
    assert.equal((await idsSince(cache, "a/1"))?.length, 1);
    assert.equal((await stored(kv, "intent")).length, 3);
  });

  kvIt("ends with everything else when there is one log too many, unless it has intents", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv, { maxScopes: 3 });
    await cache.log("a/", { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: 5 });
    const fence = await cache.log("b/", { kind: "change", change: updated("b") });
    await cache.put("b/1", entry("x"));
    for (const scope of ["c/", "d/"]) await cache.log(scope, { kind: "change", change: updated("x") });
    assert.equal(await cache.get("b/1"), undefined);
    assert.equal(await cache.put("b/1", entry("x"), fence), false);
    assert.equal(await countOf(kv, "logs"), 2);
    await cache.put("a/1", entry("x"));
    assert.equal((await cache.get("a/1"))?.intentsDueAt, 5);
    await assertCounted(kv);
  });

  kvIt("answers with nothing that lacks a change that is removed while it is read", async () => {
    using kv = await Deno.openKv(":memory:");
    const writer = await DenoKvCache.open(kv, { maxChanges: 3 });
    await writer.put("a/1", entry("x"));
    await writer.log("a/", { kind: "change", change: updated("1") });
    const meanwhile = async (): Promise<void> => {
      for (const id of ["2", "3", "4"]) await writer.log("a/", { kind: "change", change: updated(id) });
    };
    const reader = await DenoKvCache.open(new HookedKv(kv, before("list", 1, meanwhile)));
    assert.equal(await reader.get("a/1"), undefined);
  });

  kvIt("has every change once when another process logs in between", async () => {
    using kv = await Deno.openKv(":memory:");
    const other = await DenoKvCache.open(kv);
    await other.put("a/1", entry("x"));
    const meanwhile = (): Promise<unknown> => other.log("a/", { kind: "change", change: updated("other") });
    const cache = await DenoKvCache.open(new HookedKv(kv, before("commit", 1, meanwhile)));
    await cache.log("a/", { kind: "change", change: updated("own") });
    assert.deepEqual(await idsSince(cache, "a/1"), ["other", "own"]);
    await assertCounted(kv);
  });
});

describe("A log of a DenoKvCache that is damaged", () => {
  const DAMAGE: Record<string, (value: object) => unknown> = {
    "of which the end is missing": (value) => ({ ...value, body: bodyOf(value).slice(0, -1) }),
    "of other bytes": (value) => ({ ...value, body: new Uint8Array([255, 0, 255, 0]) }),
    "without bytes": () => ({}),
    "that is a text": () => "text",
  };
  for (const [what, damage] of Object.entries(DAMAGE)) {
    kvIt(`ends everything before a change ${what}, and nothing after it`, async () => {
      using kv = await Deno.openKv(":memory:");
      const tracer = new Recorder();
      const cache = await DenoKvCache.open(kv, { tracer: defineTracer(tracer) });
      await cache.put("a/before", entry("x"));
      const fence = await cache.log("a/", { kind: "change", change: updated("0") });
      await cache.put("a/after", entry("x"));
      await overwrite(kv, "change", damage);
      await cache.log("a/", { kind: "change", change: updated("1"), since: fence });
      assert.deepEqual(await idsSince(cache, "a/after"), ["1"]);
      assert.equal(await cache.get("a/before"), undefined);
      assert.deepEqual(tracer.told.map(({ level, name }) => [level, name]), [["warn", "log dropped"]]);
      assert.equal(await cache.put("a/before", entry("y")), true);
      assert.deepEqual(await idsSince(cache, "a/before"), []);
    });
  }

  for (
    const [what, state] of Object.entries({ "no object": 5, "of negative length": { id: "x", position: 1, floor: 2 } })
  ) {
    kvIt(`ends everything before it if its state is ${what}`, async () => {
      using kv = await Deno.openKv(":memory:");
      const cache = await DenoKvCache.open(kv);
      const fence = await cache.fence("a/1");
      for (const key of ["a/1", "b/1"]) await cache.put(key, entry("x"));
      await cache.log("a/", { kind: "change", change: updated("0") });
      await overwrite(kv, "log", () => state);
      assert.equal(await cache.get("a/1"), undefined);
      assert.equal(await cache.put("a/1", entry("old"), fence), false);
      assert.deepEqual(await idsSince(cache, "b/1"), []);
      assert.equal(await cache.put("a/1", entry("x"), await cache.fence("a/1")), true);
      await cache.log("a/", { kind: "change", change: updated("1") });
      assert.deepEqual(await idsSince(cache, "a/1"), ["1"]);
      await assertCounted(kv);
    });
  }

  kvIt("takes an intent that is damaged for overdue, which ends everything before it", async () => {
    using kv = await Deno.openKv(":memory:");
    const cache = await DenoKvCache.open(kv);
    await cache.put("a/1", entry("x"));
    await cache.log("a/", { kind: "intent", change: unfinished("w"), writeId: "w", dueAt: 5 });
    await overwrite(kv, "intent", () => "text");
    await cache.log("a/", { kind: "overdue", now: 1, spanMs: 10 });
    assert.equal(await cache.get("a/1"), undefined);
    await assertCounted(kv);
  });
});
