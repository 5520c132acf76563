import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import type { Change } from "../../change/change.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import { type Row, toRow } from "../../table/row.ts";
import {
  anyCase,
  type CacheCase,
  type CacheHarness,
  entry,
  expectHit,
  expectMiss,
  keepsNothing,
  KEY,
  type LoggingCache,
  mutableRows,
  named,
  PREFIXES,
  reopening,
  SCOPE,
  spoil,
} from "./cache_harness.ts";
import { SAMPLE_VALUES } from "./cache_samples.ts";
import { expect, expectEqual, show } from "./expect.ts";

const OTHER_KEY = "clients/all";
/** Scopes that a store might take for {@linkcode SCOPE}. */
const OTHER_SCOPES = ["orders/", "client/", "Clients/", "clients2/", "clients%2F/", "x/", "\u{1f950}/", "/"];
/** When an intent is logged, and when it is due, in milliseconds since the epoch. */
const [SENT_AT, DUE_AT] = [1_700_000_000_000, 1_700_000_030_000];

/** The length of a text that a log need not keep. */
const LONG = 80_000;

/** The promises of a cache with a log of changes. */
export const cacheLogCases: readonly CacheCase[] = [
  anyCase("Cache.log() is there exactly if the harness says how many changes it keeps", async (cache, _, harness) => {
    expectEqual(cache.log !== undefined, harness.maxChanges !== undefined, "whether the cache has a log");
    await Promise.resolve();
  }),
  logging("Cache.log() moves the fence of its scope with each change, and answers with it", async (cache, other) => {
    const fences = new Set([await cache.fence(KEY)]);
    for (const change of [updated("a"), inserted("b"), deleted("c"), changed(), updated("a")]) {
      const fence = await logChange(cache, change);
      expect(!fences.has(fence), `the fence ${show(fence)} was there before`);
      expectEqual(await cache.fence(KEY), fence, "the fence");
      expectEqual(await other.fence(OTHER_KEY), fence, "the fence of another key, on another cache");
      fences.add(fence);
    }
  }),
  logging("Cache.log() of an intent, or of a write that changed nothing, moves no fence", async (cache) => {
    await cache.put(KEY, entry("new"));
    const fence = await cache.fence(KEY);
    expectEqual(await logIntent(cache, "w1", "a"), fence, "the answer for an intent");
    expectEqual(await cache.log(SCOPE, { kind: "settled", writeId: "w1" }), fence, "the answer for a settled write");
    expectEqual(await cache.log(SCOPE, overdue(SENT_AT)), fence, "the answer if none is overdue");
    expectEqual(await cache.fence(KEY), fence, "the fence");
    expectEqual(await changesSince(cache, KEY), [], "the changes since");
  }),

  logging("Cache.get() answers with exactly the changes since the fence, in order, each once", async (cache, other) => {
    await logChange(cache, updated("before"));
    const fence = await cache.fence(KEY);
    expectEqual(await cache.put(KEY, entry("new"), fence), true, "the answer of put");
    expectEqual((await cache.get(KEY))?.since, undefined, "since, at the newest position");
    const logged: Change[] = [];
    for (const change of [updated("a", { name: "x" }), deleted("b"), updated("a"), changed(), inserted("c")]) {
      await logChange(logged.length % 2 === 0 ? cache : other, change);
      logged.push(change);
      for (const each of [cache, other]) await expectChanges(each, KEY, logged);
    }
    await expectHit(cache, KEY, "new");
  }),
  logging("Cache.put() stores as of its fence what was read while changes were logged", async (cache) => {
    const fence = await cache.fence(KEY);
    await logChange(cache, updated("a"));
    await logChange(cache, updated("b"));
    expectEqual(await cache.put(KEY, entry("new"), fence), true, "the answer of put");
    await logChange(cache, updated("c"));
    await expectChanges(cache, KEY, [updated("a"), updated("b"), updated("c")]);
  }),
  logging("Cache.put() without a fence stores as of now", async (cache) => {
    await logChange(cache, updated("a"));
    await cache.put(KEY, entry("new"));
    expectEqual(await changesSince(cache, KEY), [], "the changes since");
    await logChange(cache, updated("b"));
    await expectChanges(cache, KEY, [updated("b")]);
  }),
  logging("Cache.put() with the fence that the changes lead to brings an entry up to date", async (cache, other) => {
    await cache.put(KEY, entry("old"));
    await logChange(cache, updated("a", { name: "new" }));
    const held = await cache.get(KEY);
    await logChange(cache, updated("b"));
    const brought: CachedRows = { rows: named("new"), fetchedAt: 1, until: held?.until };
    expectEqual(await other.put(KEY, brought, held?.since?.fence), true, "the answer of put");
    await expectChanges(cache, KEY, [updated("b")]);
    await expectHit(cache, KEY, "new");
    expectEqual((await cache.get(KEY))?.until, held?.until, "until");
  }),
  logging("Cache.put() leaves alone what is held as of a newer position", async (cache) => {
    const fences = [await cache.fence(KEY), await logChange(cache, updated("a")), await logChange(cache, updated("b"))];
    expectEqual(await cache.put(KEY, entry("new"), fences[1]), true, "the answer of the first put");
    expectEqual(await cache.put(KEY, entry("old"), fences[0]), false, "the answer of a put with an older fence");
    await expectHit(cache, KEY, "new");
    await expectChanges(cache, KEY, [updated("b")]);
    expectEqual(await cache.put(KEY, entry("again"), fences[1]), true, "the answer of a put with the same fence");
    expectEqual(await cache.put(KEY, entry("newest"), fences[2]), true, "the answer of a put with a newer fence");
    await expectHit(cache, KEY, "newest");
    expectEqual(await changesSince(cache, KEY), [], "the changes since");
  }),
  logging("Cache.get() answers with the position at which the rows were stored", async (cache) => {
    const fence = await cache.fence(KEY);
    await logChange(cache, updated("a"));
    await cache.put(KEY, entry("first"), fence);
    const first = await cache.get(KEY);
    expectEqual(first?.until, first?.since?.changes[0]?.position, "until");
    await logChange(cache, updated("b"));
    const second = await cache.get(KEY);
    expectEqual(second?.until, first?.until, "until, after another change");
    await cache.put(KEY, entry("second"), second?.since?.fence);
    expectEqual((await cache.get(KEY))?.until, second?.since?.changes[1]?.position, "until, after the next put");
  }),
  logging("Cache.put() while a write is in flight counts as later than the write was sent", async (cache) => {
    await cache.put(KEY, entry("before"));
    const sentAt = await logIntent(cache, "w1", "a");
    const before = await cache.get(KEY);
    await cache.put(OTHER_KEY, entry("meanwhile"), sentAt);
    const meanwhile = await cache.get(OTHER_KEY);
    await cache.log(SCOPE, { kind: "change", change: written("w1", "a", "applied"), since: sentAt });
    const [{ from } = { from: undefined }] = await changesSince(cache, KEY);
    expect(from !== undefined, "the answer to the write has a place from which it is newer");
    expect(Number(before?.until) <= Number(from), "what was stored before is older than the answer");
    expect(Number(meanwhile?.until) > Number(from), "what was stored meanwhile may be newer than the answer");
  }),
  logging(
    "Cache.log() of a change leaves out its columns while another write to its row is in flight",
    async (cache) => {
      await cache.put(KEY, entry("new"));
      await logIntent(cache, "w1", "a");
      await logChange(cache, { ...updated("a"), columns: ["name"] } as Change);
      await cache.log(SCOPE, { kind: "settled", writeId: "w1" });
      await logChange(cache, { ...updated("a"), columns: ["name"] } as Change);
      const columns = (await changesSince(cache, KEY)).map(({ change }) =>
        "columns" in change ? change.columns : undefined
      );
      expectEqual(columns, [undefined, ["name"]], "the columns, with the write in flight and without");
    },
  ),
  logging("Cache.get() counts positions up", async (cache) => {
    await cache.put(KEY, entry("new"));
    for (let count = 0; count < 5; count++) await logChange(cache, updated("a"));
    await cache.invalidatePrefix("clients/other");
    for (let count = 0; count < 5; count++) await logChange(cache, updated("a"));
    const positions = (await changesSince(cache, KEY)).map(({ position }) => position);
    expectEqual(positions.length, 10, "the changes");
    expect(
      positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0)),
      `positions must grow, got ${show(positions)}`,
    );
  }),

  ...SAMPLE_VALUES.filter(([, value]) => typeof value !== "string" || value.length < LONG).map(([kind, value]) =>
    logging(`Cache.get() answers with a change whose row holds ${kind}`, async (cache, other) => {
      await cache.put(KEY, entry("new"));
      const change = updated("a", { value, at: new Date(5), kind: "deleted", id: "b" });
      await logChange(cache, change);
      for (const each of [cache, other]) await expectChanges(each, KEY, [change]);
    })
  ),
  logging("Cache.get() answers with a change whose row is large as logged, or without the row", async (cache) => {
    await cache.put(KEY, entry("new"));
    const change = updated("a", { text: "\u00e9".repeat(LONG) });
    await logChange(cache, change);
    const [{ change: logged } = { change: changed() }] = await changesSince(cache, KEY);
    const keepsRow = logged.kind === "updated" && logged.row !== undefined;
    expectEqual(logged, keepsRow ? change : updated("a"), "the change");
  }),
  logging("Cache.get() answers with changes of every kind and source", async (cache) => {
    await cache.put(KEY, entry("new"));
    for (const change of EVERY_KIND) await logChange(cache, change);
    await expectChanges(cache, KEY, EVERY_KIND);
  }),
  logging("Cache.get() answers with changes that no reader can change", async (cache) => {
    await cache.put(KEY, entry("new"));
    await logChange(cache, updated("a", { name: "x", list: [1] }));
    for (let reader = 0; reader < 2; reader++) {
      const [{ change } = { change: changed() }] = await changesSince(cache, KEY);
      expectEqual(change, updated("a", { name: "x", list: [1] }), "the change");
      if (change.kind === "changed" || change.row === undefined) continue;
      Reflect.set(change.row, "name", "overwritten");
      if (Array.isArray(change.row.list)) Reflect.set(change.row.list, 0, "overwritten");
    }
  }),
  {
    ...logging("Cache.get() gives each reader separate dates and bytes of a change", async (cache) => {
      await cache.put(KEY, entry("new"));
      const row = mutableRows().get("a") ?? {};
      await logChange(cache, updated("a", row));
      spoil(row);
      const [first] = await changesSince(cache, KEY);
      if (first?.change.kind === "updated") spoil(first.change.row ?? {});
      await expectChanges(cache, KEY, [updated("a", mutableRows().get("a"))]);
    }),
    skip: (harness) => whyNoLog(harness) ?? (harness.copies ? undefined : "the cache leaves copying to LiveTable"),
  },

  logging("Cache.log() of one scope never reaches another", async (cache) => {
    for (const scope of OTHER_SCOPES) await cache.put(`${scope}all`, entry(scope));
    await cache.put(KEY, entry("new"));
    const fences = new Map<string, Fence>();
    for (const scope of OTHER_SCOPES) fences.set(scope, await cache.fence(`${scope}all`));
    await logIntent(cache, "w1", "a");
    await logChange(cache, updated("a"));
    for (const scope of OTHER_SCOPES) {
      expectEqual(await cache.fence(`${scope}all`), fences.get(scope), `the fence of ${show(scope)}`);
      expectEqual(await changesSince(cache, `${scope}all`), [], `the changes of ${show(scope)}`);
      expectEqual((await cache.get(`${scope}all`))?.intentsDueAt, undefined, `the intents of ${show(scope)}`);
      await cache.log(scope, { kind: "change", change: updated(scope) });
      await expectChanges(cache, `${scope}all`, [updated(scope)]);
    }
    await expectChanges(cache, KEY, [updated("a")]);
  }),
  ...PREFIXES.map((prefix) =>
    logging(`Cache.invalidatePrefix() of ${show(prefix)} is not undone by a log`, async (cache, other) => {
      const fence = await cache.fence(KEY);
      const logged = await logChange(cache, updated("a"));
      await cache.put(KEY, entry("old"), fence);
      await other.invalidatePrefix(prefix);
      await expectMiss(cache, KEY, "after the invalidation");
      for (const old of [fence, logged]) {
        expectEqual(await cache.put(KEY, entry("old"), old), false, "the answer of put with a fence from before");
      }
      await logChange(cache, updated("b"));
      for (const old of [fence, logged]) {
        expectEqual(await cache.put(KEY, entry("old"), old), false, "the answer of put after another change");
      }
      await expectMiss(cache, KEY, "after refused puts");
      expectEqual(await cache.put(KEY, entry("new"), await cache.fence(KEY)), true, "the answer of put");
      expectEqual(await changesSince(cache, KEY), [], "the changes since");
      await logChange(cache, updated("c"));
      await expectChanges(cache, KEY, [updated("c")]);
    })
  ),
  logging("Cache.invalidatePrefix() of a part of a scope leaves the log to the other entries", async (cache) => {
    await cache.put(OTHER_KEY, entry("new"));
    await logChange(cache, updated("a"));
    await cache.invalidatePrefix("clients/id/");
    await logChange(cache, updated("b"));
    await expectChanges(cache, OTHER_KEY, [updated("a"), updated("b")]);
    const held = await cache.get(OTHER_KEY);
    expectEqual(await cache.put(OTHER_KEY, entry("newer"), held?.since?.fence), true, "the answer of put");
  }),

  logging(
    "Cache.log() keeps as many changes as its bound at most, and half of them at least",
    async (cache, _, most) => {
      const first = await cache.fence(KEY);
      await cache.put(KEY, entry("first"));
      for (let count = 0; count < most; count++) await logChange(cache, updated(`${count}`));
      const half = await cache.fence(KEY);
      await cache.put(OTHER_KEY, entry("half"));
      const least = Math.floor(most / 2);
      for (let count = 0; count < least; count++) await logChange(cache, updated(`${most + count}`));
      await expectMiss(cache, KEY, "an entry that is further behind than the log is long");
      expectEqual(await cache.put(KEY, entry("first"), first), false, "put with a fence that is out of reach");
      expectEqual((await changesSince(cache, OTHER_KEY)).length, least, "the changes of an entry within reach");
      expectEqual(await cache.put(KEY, entry("half"), half), true, "put with a fence within reach");
      await cache.put(KEY, entry("new"), await cache.fence(KEY));
      await expectHit(cache, KEY, "new");
    },
  ),

  logging("Cache.log() keeps from when a row is if nobody else changed it meanwhile", async (cache, other) => {
    await cache.put(KEY, entry("old"));
    const until = (await cache.get(KEY))?.until;
    const sentAt = await cache.fence(KEY);
    await logChange(other, updated("b", { name: "b" }));
    await logChange(cache, updated("a", { name: "x" }), sentAt);
    const [, { from } = { from: undefined }] = await changesSince(cache, KEY);
    expect(until !== undefined, "an entry has until");
    expectEqual(from, until, "from, against until of an entry that was stored before");
    await cache.put(OTHER_KEY, entry("new"));
    expect((await cache.get(OTHER_KEY))?.until !== from, "an entry that was stored later must have another position");
  }),
  ...([
    ["the same row was changed meanwhile", (other: LoggingCache) => logChange(other, updated("a", { name: "y" }))],
    ["the same row was deleted meanwhile", (other: LoggingCache) => logChange(other, deleted("a"))],
    ["it is unknown what changed meanwhile", (other: LoggingCache) => logChange(other, changed())],
  ] as const).map(([when, meanwhile]) =>
    logging(`Cache.log() does not keep from when a row is if ${when}`, async (cache, other) => {
      await cache.put(KEY, entry("old"));
      const sentAt = await cache.fence(KEY);
      await meanwhile(other);
      await logChange(cache, updated("a", { name: "x" }), sentAt);
      const logged = await changesSince(cache, KEY);
      expectEqual(logged.map(({ from }) => from), [undefined, undefined], "from of each");
    })
  ),
  ...([
    ["of the same row", () => written("w2", "a", "applied"), true],
    ["of an unknown row", () => ({ ...changed(), cause: "write", writeId: "w2", outcome: "applied" } as Change), true],
    ["whose outcome is unknown", () => written("w2", "a", "unknown"), true],
    ["of another row", () => written("w2", "b", "applied"), undefined],
    ["that is the same one", () => written("w1", "a", "unknown"), undefined],
    ["that is none, but an event", () => updated("a"), undefined],
  ] as const).map(([which, other, isOverlapping]) =>
    logging(`Cache.log() keeps whether a write overlaps with one ${which}`, async (cache, others) => {
      const sentAt = await cache.fence(KEY);
      await logChange(others, other());
      await cache.put(KEY, entry("new"));
      await logChange(cache, written("w1", "a", "applied"), sentAt);
      await logChange(cache, written("w3", "a", "applied"), await cache.fence(KEY));
      const logged = await changesSince(cache, KEY);
      expectEqual(logged.map((change) => change.isOverlapping), [isOverlapping, undefined], "isOverlapping of each");
    })
  ),
  logging("Cache.log() takes a write to overlap if the log does not reach back to where it was sent", async (cache) => {
    await cache.put(KEY, entry("new"));
    for (const since of [undefined, "of another store", "", 1e9, -1]) {
      await logChange(cache, written("w1", "a", "applied"), since);
    }
    const logged = await changesSince(cache, KEY);
    expectEqual(logged.map(({ isOverlapping }) => isOverlapping), [undefined, true, true, true, true], "isOverlapping");
  }),
  logging("Cache.log() does not keep from when a row is if it is not known", async (cache, _, maxChanges) => {
    const sentAt = await cache.fence(KEY);
    for (let count = 0; count <= maxChanges; count++) await logChange(cache, updated("b"));
    await cache.put(KEY, entry("new"));
    for (const since of [undefined, sentAt, "of another store", "", 1e9, -1]) {
      await logChange(cache, updated("a", { name: "x" }), since);
    }
    const logged = await changesSince(cache, KEY);
    expectEqual(logged.map(({ from }) => from), logged.map(() => undefined), "from of each");
  }),

  logging("Cache.get() answers when the earliest intent is due", async (cache, other) => {
    await cache.put(KEY, entry("new"));
    expectEqual((await cache.get(KEY))?.intentsDueAt, undefined, "with none");
    await logIntent(cache, "w1", "a", DUE_AT + 2);
    await logIntent(other, "w2", "a", DUE_AT);
    await logIntent(cache, "w3", "b", DUE_AT + 1);
    for (const [writeId, dueAt] of [["", DUE_AT], ["w2", DUE_AT + 1], ["w3", DUE_AT + 2], ["w1", undefined]] as const) {
      await cache.log(SCOPE, { kind: "settled", writeId });
      for (const each of [cache, other]) {
        expectEqual((await each.get(KEY))?.intentsDueAt, dueAt, `after ${show(writeId)} has settled`);
      }
    }
    await expectHit(cache, KEY, "new");
  }),
  logging("Cache.get() answers with changes and with intents at once", async (cache) => {
    await cache.put(KEY, entry("new"));
    await logIntent(cache, "w1", "a");
    await logChange(cache, updated("b"));
    await expectChanges(cache, KEY, [updated("b")]);
    expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT, "intentsDueAt");
  }),
  logging("Cache.log() of a write's change removes its intent, and no other", async (cache, other) => {
    await cache.put(KEY, entry("new"));
    await logIntent(cache, "w1", "a", DUE_AT);
    await logIntent(other, "w2", "a", DUE_AT + 1);
    await logChange(other, written("w1", "a", "applied"));
    expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT + 1, "intentsDueAt, after the first write");
    await logChange(cache, written("w2", "a", "unknown"));
    expectEqual((await cache.get(KEY))?.intentsDueAt, undefined, "intentsDueAt, after the second");
    await cache.log(SCOPE, overdue(DUE_AT + 1));
    await expectChanges(cache, KEY, [written("w1", "a", "applied"), written("w2", "a", "unknown")]);
  }),
  logging("Cache.log() of an intent that is there already replaces it", async (cache) => {
    await cache.put(KEY, entry("new"));
    await logIntent(cache, "w1", "a", DUE_AT);
    await logIntent(cache, "w1", "a", DUE_AT + 5);
    expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT + 5, "intentsDueAt");
    await cache.log(SCOPE, { kind: "settled", writeId: "w1" });
    expectEqual((await cache.get(KEY))?.intentsDueAt, undefined, "intentsDueAt, after it has settled");
  }),
  logging("Cache.log() of what is overdue makes each such intent a change, once", async (cache, other) => {
    await cache.put(KEY, entry("new"));
    const fence = await cache.fence(KEY);
    await logIntent(cache, "w1", "a", DUE_AT);
    await logIntent(cache, "w2", "b", DUE_AT + 1);
    await logIntent(cache, "w3", "c", DUE_AT - 1);
    expectEqual(await other.log(SCOPE, overdue(DUE_AT - 2)), fence, "the answer before any is due");
    expectEqual(await changesSince(cache, KEY), [], "the changes before any is due");
    const moved = await other.log(SCOPE, overdue(DUE_AT));
    expectEqual(await cache.fence(KEY), moved, "the fence");
    const intents = new Set(["w1", "w3"]);
    const logged = await changesSince(cache, KEY);
    expectEqual(logged.length, 2, "the changes");
    expect(logged[0]?.position !== logged[1]?.position, "each change has its own position");
    for (const { change, from } of logged) {
      const writeId = change.cause === "write" ? change.writeId : "";
      expect(intents.delete(writeId), `expected a change of an intent that is overdue, got ${show(change)}`);
      expectEqual(change, written(writeId, writeId === "w1" ? "a" : "c", "unknown"), "the change");
      expectEqual(from, undefined, "from of the change");
    }
    expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT + 1, "intentsDueAt");
    expectEqual(await cache.log(SCOPE, overdue(DUE_AT)), moved, "the answer the second time");
    await cache.log(SCOPE, overdue(DUE_AT + 1));
    expectEqual((await changesSince(cache, KEY)).length, 3, "the changes when all are overdue");
    expectEqual((await cache.get(KEY))?.intentsDueAt, undefined, "intentsDueAt when all are overdue");
  }),
  logging("Cache.log() takes an intent for overdue when the clock was set back to before it", async (cache) => {
    await cache.put(KEY, entry("new"));
    await logIntent(cache, "w1", "a");
    await cache.log(SCOPE, overdue(SENT_AT));
    expectEqual(await changesSince(cache, KEY), [], "the changes, at the time at which it was logged");
    await cache.log(SCOPE, overdue(SENT_AT - 1));
    await expectChanges(cache, KEY, [written("w1", "a", "unknown")]);
  }),
  ...PREFIXES.map((prefix) =>
    logging(`Cache.invalidatePrefix() of ${show(prefix)} leaves intents`, async (cache) => {
      await logIntent(cache, "w1", "a");
      await cache.invalidatePrefix(prefix);
      await cache.put(KEY, entry("new"), await cache.fence(KEY));
      expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT, "intentsDueAt");
      await cache.log(SCOPE, overdue(DUE_AT));
      await expectChanges(cache, KEY, [written("w1", "a", "unknown")]);
    })
  ),
  logging("Cache.log() keeps every change when two caches log at once", async (cache, other) => {
    const ids = Array.from({ length: 8 }, (_, number) => `${number}`);
    await cache.put(KEY, entry("new"));
    const logged = ids.map(async (id, number) => await logChange(number % 2 === 0 ? cache : other, updated(id)));
    expectEqual(new Set(await Promise.all(logged)).size, ids.length, "different fences");
    const changes = await changesSince(other, KEY);
    expectEqual(new Set(changes.map(({ position }) => position)).size, ids.length, "different positions");
    expectEqual(
      changes.map(({ change }) => change.kind === "updated" ? change.id : "").sort(),
      ids,
      "the changed rows",
    );
  }),
  logging("Cache.put() and log() at once lose no change", async (cache, other) => {
    for (let round = 0; round < 4; round++) {
      const fence = await cache.fence(KEY);
      const puts = (): Promise<unknown> => Promise.resolve(cache.put(KEY, entry("new"), fence));
      const logs = (): Promise<unknown> => Promise.resolve(logChange(other, updated(`${round}`)));
      await Promise.all(round % 2 === 0 ? [puts(), logs()] : [logs(), puts()]);
      await expectChanges(cache, KEY, [updated(`${round}`)]);
    }
  }),

  reopeningLog("Cache.log() holds after closing and opening again", async (reopened) => {
    const fence = await reopened(async (cache) => {
      await cache.put(KEY, entry("new"));
      await logIntent(cache, "w1", "b");
      return await logChange(cache, updated("a", mutableRows().get("a")));
    });
    await reopened(async (cache) => {
      expectEqual(await cache.fence(KEY), fence, "the fence");
      await expectChanges(cache, KEY, [updated("a", mutableRows().get("a"))]);
      expectEqual((await cache.get(KEY))?.intentsDueAt, DUE_AT, "intentsDueAt");
      await cache.log(SCOPE, overdue(DUE_AT));
      await expectChanges(cache, KEY, [updated("a", mutableRows().get("a")), written("w1", "b", "unknown")]);
    });
  }),
];

/** A change of every kind, and from every source. */
const EVERY_KIND: readonly Change[] = [
  inserted("a", { name: "x" }),
  updated("a", {}),
  { ...updated("a"), columns: ["name", "\ud800", "__proto__"] },
  { ...updated("\udc00", { columns: [1] }), columns: [] },
  deleted("a"),
  deleted(""),
  changed(),
  written("w1", "a", "applied"),
  written("\u{1f950}", "a", "unknown"),
  { kind: "changed", at: -1, cause: "write", writeId: "w2", outcome: "unknown" },
  { kind: "changed", at: 0.5, cause: "gap", gap: "begins" },
  { kind: "changed", at: 8.64e15, cause: "gap", gap: "ends" },
  { kind: "changed", at: SENT_AT, cause: "manual" },
];

/** A case that needs a cache with a log. */
function logging(
  name: string,
  body: (cache: LoggingCache, other: LoggingCache, maxChanges: number) => Promise<void>,
): CacheCase {
  return {
    ...anyCase(name, (cache, other, { maxChanges = 0 }) => body(withLog(cache), withLog(other), maxChanges)),
    skip: whyNoLog,
  };
}

function reopeningLog(
  name: string,
  body: (reopened: (use: (cache: LoggingCache) => Promise<Fence | void>) => Promise<Fence | void>) => Promise<void>,
): CacheCase {
  const inner = reopening(name, (reopened) => body((use) => reopened((cache) => use(withLog(cache)))));
  return { ...inner, skip: (harness) => whyNoLog(harness) ?? inner.skip?.(harness) };
}

function whyNoLog({ keeps, maxChanges }: CacheHarness): string | undefined {
  return maxChanges === undefined ? "the cache has no log" : keepsNothing(keeps);
}

function withLog(cache: Cache): LoggingCache {
  expect(cache.log !== undefined, "the harness says that the cache has a log");
  return cache as LoggingCache; // It has one.
}

type Updated = Exclude<Change, { readonly kind: "changed" }>;

function overdue(now: number): LogRecord {
  return { kind: "overdue", now, spanMs: DUE_AT - SENT_AT };
}

function updated(id: string, row?: Row): Updated {
  return Object.freeze({ kind: "updated", id, ...(row && { row: toRow(row) }), at: SENT_AT, cause: "event" });
}

function inserted(id: string, row?: Row): Change {
  return { ...updated(id, row), kind: "inserted", id };
}

function deleted(id: string): Change {
  return { kind: "deleted", id, at: SENT_AT, cause: "event" };
}

function changed(): Change {
  return { kind: "changed", at: SENT_AT, cause: "event" };
}

function written(writeId: string, id: string, outcome: "applied" | "unknown"): Change {
  return { kind: "updated", id, at: SENT_AT, cause: "write", writeId, outcome };
}

async function logChange(cache: LoggingCache, change: Change, since?: Fence): Promise<Fence> {
  return await cache.log(SCOPE, { kind: "change", change, since });
}

async function logIntent(cache: LoggingCache, writeId: string, id: string, dueAt = DUE_AT): Promise<Fence> {
  return await cache.log(SCOPE, { kind: "intent", change: written(writeId, id, "unknown"), writeId, dueAt });
}

/** The changes since the entry under a key was read; none if it is current. */
async function changesSince(cache: Cache, key: string): Promise<readonly LoggedChange[]> {
  const held = await cache.get(key);
  expect(held !== undefined, `expected an entry under ${show(key)}, got none`);
  return held.since?.changes ?? [];
}

/** Fails unless the entry has exactly these changes since, and the fence that they lead to is that of now. */
async function expectChanges(cache: Cache, key: string, expected: readonly Change[]): Promise<void> {
  const changes = await changesSince(cache, key);
  expectEqual(changes.map(({ change }) => change), expected, "the changes since");
  expectEqual((await cache.get(key))?.since?.fence, await cache.fence(key), "the fence that the changes lead to");
}
