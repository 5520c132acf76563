import { type Outbox, OUTBOX_BATCH, type OutboxMark, type StoredWrite } from "../../outbox/outbox.ts";
import { Pagination } from "../../table/pagination.ts";
import { ConflictError, OutboxError } from "../../table/errors.ts";
import { type Row, toRow } from "../../table/row.ts";
import { spoil } from "./cache_harness.ts";
import { SAMPLE_VALUES } from "./cache_samples.ts";
import type { ConformanceCase } from "./conformance_case.ts";
import { expect, expectEqual, expectError, expectFailure, expectRow, show } from "./expect.ts";
import {
  entriesOf,
  entryOf,
  expectIds,
  leaseOf,
  newWrite,
  type OutboxCase,
  outboxCase,
  type OutboxHarness,
  QUEUE,
  reopeningOutbox,
} from "./outbox_harness.ts";
import { outboxLeaseCases } from "./outbox_lease_cases.ts";
import { outboxMarkCases } from "./outbox_mark_cases.ts";

/** Names and ids that a store might take for one another. */
const ALIKE: readonly string[] = [
  "",
  "/",
  "a",
  "a/b",
  "a/",
  "A",
  "%2F",
  "a\0",
  "\0",
  "\u0001",
  "\ud800",
  "\udc00",
  "\ufffd",
  "\ufffe",
  "\uffff",
  "caf\u00e9",
  "cafe\u0301",
  "\u{1f950}",
  "__proto__",
  "constructor",
  "'; DROP TABLE vantage_outbox_entry; --",
  "a".repeat(3_000),
  "a".repeat(3_001),
];

/** How large a write every outbox can keep. */
const LARGE = 1_000_000;

/**
 * The promises of `Outbox`, as named cases.
 *
 * @example Run them against your outbox
 * ```ts
 * import { MemOutbox } from "@vantage/live";
 * import { outboxConformance, type OutboxHarness } from "@vantage/live/testing";
 *
 * function newHarness(): OutboxHarness {
 *   const bounds = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };
 *   const outbox = new MemOutbox(bounds); // the storage of one case
 *   return { persistent: false, bounds, open: () => Promise.resolve({ outbox, close: () => {} }) };
 * }
 *
 * for (const { skip, run } of outboxConformance) { // each case is one test: it(name, () => run(newHarness()))
 *   const harness = newHarness();
 *   if (skip?.(harness) === undefined) await run(harness);
 * }
 * ```
 */
export const outboxConformance: readonly ConformanceCase<OutboxHarness>[] = [
  ...SAMPLE_VALUES.map(([kind, value]) =>
    outboxCase(`Outbox.load() answers with ${kind} as they were appended`, async (outbox, other) => {
      await expectRoundTrip(outbox, other, { before: 1, value, after: null });
    })
  ),
  outboxCase("Outbox.load() answers with every kind of operation as it was appended", async (outbox, other) => {
    const row = { z: 1, name: "Marty", a: null };
    const ops: readonly StoredWrite["op"][] = [
      { kind: "insert", id: "a", row },
      { kind: "replace", id: "a", row: {} },
      { kind: "patch", id: "a", partial: row },
      { kind: "delete", id: "a" },
      { kind: "deleteAll" },
      { kind: "insertReturnId", row },
    ];
    for (const [at, op] of ops.entries()) {
      const rowId = "id" in op ? op.id : op.kind === "insertReturnId" ? "made" : undefined;
      const write = newWrite(`w${at}`, { op, rowId, acceptedAt: 1_700_000_000_123.25, acceptedBy: "" });
      await outbox.append(QUEUE, [write]);
      expectEqual((await entryOf(other, write.id)).write, write, `the write of ${op.kind}`);
    }
  }),
  outboxCase("Outbox.load() answers with the set of a write as it was appended", async (outbox, other) => {
    const sets: readonly StoredWrite["within"][] = [
      {},
      {
        where: [
          ["name", "eq", "\uffff"],
          ["at", "gt", new Date(5)],
          ["key", "in", [new Uint8Array([1]), 2n ** 70n, null]],
          ["gone", "isNull"],
        ],
      },
      { search: "ann" },
      { orderBy: [["name", "desc"]], pagination: new Pagination(3, 7) },
    ];
    for (const [at, within] of sets.entries()) {
      await outbox.append(QUEUE, [newWrite(`w${at}`, { within })]);
      const { pagination, ...parts } = (await entryOf(other, `w${at}`)).write.within;
      const { pagination: expected, ...expectedParts } = within;
      expectEqual(parts, expectedParts, "the set of the write");
      expectEqual([pagination?.page, pagination?.itemsPerPage], [expected?.page, expected?.itemsPerPage], "its page");
    }
  }),
  outboxCase("Outbox.load() keeps a write apart from what is done to it before and after", async (outbox, other) => {
    const row: Row = { at: new Date(5), bytes: new Uint8Array([1, 2]), deep: [{ at: new Date(6) }] };
    const expected = toRow(row);
    await outbox.append(QUEUE, [newWrite("w", { op: { kind: "insert", id: "a", row } })]);
    spoil(row);
    for (const reader of [outbox, other, outbox]) {
      const { op } = (await entryOf(reader, "w")).write;
      expect(op.kind === "insert", "the operation");
      expectRow(op.row, expected, "the row of the write");
      spoil(op.row);
    }
  }),
  outboxCase("Outbox.append() keeps a write of a million characters", async (outbox, other) => {
    await expectRoundTrip(outbox, other, { text: "x".repeat(LARGE) });
  }),
  {
    ...outboxCase(
      "Outbox.append() refuses a write that it could never hold with a RangeError, which names it and its size",
      async (outbox, other, { maxWriteBytes = 0 }) => {
        const op = { kind: "insert", id: "a", row: { text: "x".repeat(maxWriteBytes + 1) } } as const;
        const append = (): unknown => outbox.append(QUEUE, [newWrite("w1"), newWrite("w2", { op })]);
        await expectError(append, RangeError, "a write that is too large", ['"w2"', `${maxWriteBytes}`]);
        await expectIds(other, []);
        await outbox.append(QUEUE, [newWrite("w2")]);
        await expectIds(other, ["w2"]);
      },
    ),
    skip: ({ maxWriteBytes }) => maxWriteBytes === undefined ? "a write may have any number of bytes" : undefined,
  },
  outboxCase("Outbox.append() keeps a value or refuses it with a RangeError, however large", async (outbox, other) => {
    const op = { kind: "insert", id: "a", row: { n: largestInteger() } } as const;
    let refused: unknown;
    try {
      await outbox.append(QUEUE, [newWrite("w1", { op })]);
    } catch (error) {
      refused = error;
    }
    if (refused === undefined) return await expectIds(other, ["w1"]);
    expect(refused instanceof RangeError, `${show(refused)} must be a RangeError`);
    expect(/the write "w1"/.test(refused.message), `the message ${show(refused.message)}`);
    await expectIds(other, []);
  }),
  outboxCase("Outbox.append() keeps ids and queues apart, whatever characters they are of", async (outbox, other) => {
    for (const name of ALIKE) {
      await outbox.append(name, ALIKE.map((id) => newWrite(id, { rowId: id, op: { kind: "delete", id } })));
    }
    for (const name of ALIKE) {
      await expectIds(other, ALIKE, name);
      for (const { write } of await entriesOf(other, name)) expectEqual(write.rowId, write.id, "the id of the row");
      for (const id of ALIKE.slice(1)) expectEqual(await other.remove(name, id), true, `the answer of remove`);
      await expectIds(outbox, ALIKE.slice(0, 1), name);
      expectEqual(await other.remove(name, ALIKE[0] ?? ""), true, "the answer of remove");
      await expectIds(outbox, [], name);
    }
  }),

  outboxCase("Outbox.append() answers with positions that grow, in the order of the writes", async (outbox, other) => {
    let last = 0;
    for (let round = 0; round < 5; round++) {
      for (const [turn, to] of [outbox, other].entries()) {
        const ids = Array.from({ length: 3 }, (_, at) => `${round}-${turn}-${at}`);
        const positions = await to.append(QUEUE, ids.map((id) => newWrite(id)));
        expectEqual(positions.length, 3, "the number of positions");
        for (const [at, position] of positions.entries()) {
          expect(position > last, `position ${position} comes after ${last}`);
          expectEqual((await entryOf(outbox, ids[at] ?? "")).position, position, "the position of the entry");
          last = position;
        }
      }
    }
  }),
  outboxCase("Outbox.append() never uses a position twice, also when all entries are gone", async (outbox, other) => {
    let last = 0;
    for (const id of ["w1", "w2", "w3"]) {
      const [position = 0] = await outbox.append(QUEUE, [newWrite(id)]);
      expect(position > last, `position ${position} comes after ${last}`);
      last = position;
      await outbox.release(QUEUE, await leaseOf(outbox));
      await other.remove(QUEUE, id);
      await other.release(QUEUE, await leaseOf(other));
    }
  }),
  outboxCase("Outbox.append() of nothing does nothing", async (outbox) => {
    expectEqual(await outbox.append(QUEUE, []), [], "the positions");
    await expectIds(outbox, []);
  }),
  outboxCase("Outbox.append() takes a whole batch, all of it durable when it answers", async (outbox, other) => {
    const ids = Array.from({ length: OUTBOX_BATCH }, (_, at) => `w${at}`);
    await outbox.append(QUEUE, ids.map((id) => newWrite(id)));
    await expectIds(other, ids);
  }),
  outboxCase("Outbox.append() refuses an id that is there with a ConflictError, all or none", async (outbox, other) => {
    await outbox.append(QUEUE, [newWrite("a"), newWrite("b")]);
    for (const ids of [["a"], ["c", "b"], ["c", "d", "c"], ["b", "c"]]) {
      await expectError(() => other.append(QUEUE, ids.map((id) => newWrite(id))), ConflictError, `${ids}`);
      await expectIds(outbox, ["a", "b"]);
    }
    await outbox.append("marty/orders", [newWrite("a")]);
    await expectIds(outbox, ["a"], "marty/orders");
  }),
  outboxCase("Outbox.append() refuses what is no write with a TypeError, all or none", async (outbox, other) => {
    const op = (wrong: unknown): Partial<StoredWrite> => ({ op: wrong as StoredWrite["op"] });
    const wrongs: readonly Partial<StoredWrite>[] = [
      op({ kind: "delete" }),
      op({ kind: "vanish", id: "a" }),
      op({ kind: "insert", id: "a", row: { run: () => {} } }),
      op({ kind: "insert", id: "a" }),
      { id: 7 as unknown as string },
      { acceptedAt: NaN },
      { within: { where: [["name", "like" as "eq", 1]] } },
    ];
    for (const wrong of wrongs) {
      await expectError(() => outbox.append(QUEUE, [newWrite("a"), newWrite("b", wrong)]), TypeError, show(wrong));
    }
    await expectIds(other, []);
  }),
  outboxCase("Outbox.append() beyond the bound is refused with an OutboxError, all or none", async (outbox, other, {
    bounds: { maxEntries },
  }) => {
    for (let from = 0; from < maxEntries; from += OUTBOX_BATCH) {
      const length = Math.min(OUTBOX_BATCH, maxEntries - from - 1);
      await outbox.append(QUEUE, Array.from({ length }, (_, at) => newWrite(`w${from + at}`)));
    }
    await expectError(() => other.append(QUEUE, [newWrite("x"), newWrite("y")]), OutboxError, "two too many");
    await other.append("marty/orders", [newWrite("x")]);
    await expectError(() => other.append(QUEUE, [newWrite("y")]), OutboxError, "one too many");
    await outbox.remove(QUEUE, "w0");
    await other.append(QUEUE, [newWrite("y")]);
    expectEqual((await entriesOf(outbox)).length, maxEntries - 1, "the entries of the queue");
  }),
  outboxCase("Outbox.append() of two at once adds both, each in its order", async (outbox, other) => {
    const ids = (name: string): string[] => Array.from({ length: 20 }, (_, at) => `${name}${at}`);
    const add = async (to: Outbox, name: string): Promise<void> => {
      for (const id of ids(name)) await to.append(QUEUE, [newWrite(id)]);
    };
    await Promise.all([add(outbox, "a"), add(other, "b"), add(outbox, "c")]);
    const held = (await entriesOf(other)).map(({ write }) => write.id);
    for (const name of ["a", "b", "c"]) {
      expectEqual(held.filter((id) => id.startsWith(name)), ids(name), `the writes of ${name}`);
    }
  }),
  outboxCase("Outbox.append() of one id by two at once adds it once", async (outbox, other) => {
    for (let round = 0; round < 5; round++) {
      const append = (to: Outbox): Promise<unknown> =>
        Promise.resolve().then(() => to.append(QUEUE, [newWrite(`w${round}`)]));
      const settled = await Promise.allSettled([append(outbox), append(other)]);
      const refused = settled.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
      expectEqual(refused.length, 1, "the number of refusals");
      expect(refused[0] instanceof ConflictError, `a ConflictError, got ${show(refused[0])}`);
    }
    await expectIds(outbox, ["w0", "w1", "w2", "w3", "w4"]);
  }),

  outboxCase("Outbox.load() answers with the entries after a position, up to a limit", async (outbox, other) => {
    const ids = Array.from({ length: 30 }, (_, at) => `w${at}`);
    const positions = await outbox.append(QUEUE, ids.map((id) => newWrite(id)));
    await outbox.append("marty/orders", [newWrite("other")]);
    const load = async (after: number, limit: number): Promise<unknown[]> =>
      (await other.load(QUEUE, after, limit)).map(({ position }) => position);
    expectEqual(await load(0, 10), positions.slice(0, 10), "the first ten");
    expectEqual(await load(positions[9] ?? 0, 10), positions.slice(10, 20), "the next ten");
    expectEqual(await load(positions[28] ?? 0, 10), positions.slice(29), "the last");
    expectEqual(await load(positions[29] ?? 0, 10), [], "after the last");
    await other.remove(QUEUE, "w5");
    expectEqual(await load(positions[4] ?? 0, 1), [positions[6]], "after one that is removed");
  }),
  outboxCase("Outbox.load() of a queue that was never used finds nothing", async (outbox) => {
    expectEqual(await outbox.load("nothing", 0, 10), [], "the entries");
    expectEqual(await outbox.remove("nothing", "w"), false, "the answer of remove");
    expectEqual(await outbox.retry("nothing", "w"), false, "the answer of retry");
    expectEqual(await outbox.answers("nothing", "a"), [], "the answers");
  }),
  unreadable(
    "Outbox.load() sets an entry aside that cannot be read, and goes on with the others (hologram#951)",
    async (outbox) => {
      const loaded = await outbox.load(QUEUE, 0, 10);
      expectEqual(loaded.map((entry) => "write" in entry ? entry.write.id : entry.id), ["a", "b", "c"], "the ids");
      expectEqual(loaded.map((entry) => "error" in entry), [false, true, false], "which cannot be read");
      expectEqual((await outbox.load(QUEUE, 0, 10)).length, 3, "the entries, once more");
      const marks: OutboxMark[] = ["a", "c"].map((id) => ({ kind: "sent", id }));
      expectEqual(await outbox.mark(QUEUE, await leaseOf(outbox), marks, 0), true, "the answer of mark");
    },
  ),
  unreadable("Outbox.remove() removes an entry that cannot be read", async (outbox) => {
    expectEqual(await outbox.remove(QUEUE, "b"), true, "the answer of remove");
    await expectIds(outbox, ["a", "c"]);
  }),

  ...outboxLeaseCases,
  ...outboxMarkCases,

  reopeningOutbox("Outbox.append() keeps writes when every outbox is closed", async (use) => {
    await use(async (outbox) => void await outbox.append(QUEUE, [newWrite("a"), newWrite("b")]));
    await use(async (outbox) => {
      await expectIds(outbox, ["a", "b"]);
      const marks: OutboxMark[] = [{ kind: "sent", id: "a" }];
      expectEqual(await outbox.mark(QUEUE, await leaseOf(outbox), marks, 0), true, "the answer of mark");
    });
    await use(async (outbox) => {
      expectEqual((await entriesOf(outbox)).map(({ state }) => state), ["sent", "accepted"], "the states");
      await expectFailure(() => outbox.append(QUEUE, [newWrite("a")]), "an id that is there");
    });
  }),
];

/** A case of an outbox whose second entry of three cannot be read. */
function unreadable(name: string, body: (outbox: Outbox) => Promise<void>): OutboxCase {
  const found = outboxCase(name, async (outbox, other, harness) => {
    await outbox.append(QUEUE, ["a", "b", "c"].map((id) => newWrite(id)));
    await harness.damage?.(QUEUE, "b");
    await body(other);
  });
  return { ...found, skip: ({ damage }) => damage === undefined ? "entries are not kept as bytes" : undefined };
}

/** As large as the engine can make it, up to 4 MiB. */
function largestInteger(bits = 25n): bigint {
  try {
    return 2n ** (2n ** bits);
  } catch {
    return largestInteger(bits - 1n);
  }
}

async function expectRoundTrip(outbox: Outbox, other: Outbox, row: Row): Promise<void> {
  await outbox.append(QUEUE, [newWrite("w", { op: { kind: "insert", id: "a", row } })]);
  const { op } = (await entryOf(other, "w")).write;
  expect(op.kind === "insert", "the operation");
  expectRow(op.row, row, "the row of the write");
}
