import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  type CachedRows,
  type LiveEvent,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  type Query,
  type Row,
  type RowEntry,
  Rows,
  type TableLike,
  type Value,
} from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";

const AT = 5;

function row(): Row {
  return { n: 1, at: new Date(AT), bytes: new Uint8Array([AT]), deep: { list: [new Date(AT)] } };
}

/** Changes all that freezing does not protect. */
function spoil(value: Value | undefined): void {
  if (value instanceof Date) value.setTime(99);
  else if (value instanceof Uint8Array) value.fill(99);
  else if (typeof value === "object" && value !== null) { for (const inner of Object.values(value)) spoil(inner); }
}

/** A master without any care: it hands out what it keeps, keeps what it is given, and lets both be spoilt at any time. */
class Careless extends FaultyTable {
  readonly kept: { rows: Rows; row: Row; queries: Query[]; given: Row[] };

  constructor(inner: TableLike, origin?: Careless) {
    super(inner, {}, origin);
    this.kept = origin?.kept ?? { rows: Rows.from([["a", row()]]), row: row(), queries: [], given: [] };
  }

  override withQuery(query: Query): Careless {
    this.kept.queries.push(query);
    return new Careless(new MemTable("p").withQuery(query), this);
  }

  override listValues(): Promise<Rows> {
    return Promise.resolve(this.kept.rows);
  }

  override getValue(): Promise<Row> {
    return Promise.resolve(this.kept.row);
  }

  override getSomeValue(): Promise<RowEntry> {
    return Promise.resolve(["a", this.kept.row]);
  }

  override replaceValue(_: string, given: Row): Promise<Row> {
    this.kept.given.push(given);
    return Promise.resolve(this.kept.row);
  }

  override insertReturnIdValue(given: Row): Promise<string> {
    this.kept.given.push(given);
    return Promise.resolve("x");
  }

  override patchValue(_: string, given: Row): Promise<Row> {
    this.kept.given.push(given);
    return Promise.resolve(this.kept.row);
  }
}

function careless(cache: Cache = new MemCache()): { readonly master: Careless; readonly table: LiveTable } {
  const master = new Careless(new MemTable("p"));
  return { master, table: new LiveTable(master, "p", cache) };
}

describe("Law 9, isolation, in every direction", () => {
  it("from the master: what it does to rows that it answered with changes no entry and no reader's rows", async () => {
    const { master, table } = careless();
    const list = await table.listValues();
    const got = await table.getValue("a");
    const some = await table.getSomeValue();
    for (const kept of master.kept.rows.values()) spoil(kept);
    spoil(master.kept.row);
    assert.deepEqual(list.get("a"), row());
    assert.deepEqual(got, row());
    assert.deepEqual(some?.[1], row());
    assert.deepEqual((await table.listValues()).get("a"), row());
    assert.deepEqual(await table.getValue("a"), row());
    assert.equal(table.stats().hits, 3);
  });

  it("to the master: what a reader or a writer does to an answer does not reach it", async () => {
    const { master, table } = careless();
    for (let round = 0; round < 2; round++) {
      for (const one of (await table.listValues()).values()) spoil(one);
      spoil(await table.getValue("a"));
      spoil((await table.getSomeValue())?.[1]);
    }
    spoil(await table.replaceValue("a", {}));
    spoil(await table.patchValue("a", {}));
    assert.deepEqual([...master.kept.rows.values()], [row()]);
    assert.deepEqual(master.kept.row, row());
  });

  it("in a write: the caller's row, the write's, and the master's are three", async () => {
    const { master, table } = careless();
    const mine = row();
    const write = table.enqueue({ kind: "replace", id: "a", row: mine });
    const queued = [
      table.enqueue({ kind: "patch", id: "a", partial: mine }),
      table.enqueue({ kind: "insertReturnId", row: mine }),
    ];
    spoil(mine);
    for (const { op } of [write, ...queued]) spoil("row" in op ? op.row : "partial" in op ? op.partial : null);
    await table.idle();
    assert.deepEqual(master.kept.given, [row(), row(), row()]);
    const again = table.enqueue({ kind: "replace", id: "a", row: row() });
    await again.applied;
    spoil(master.kept.given.at(-1));
    assert.deepEqual("row" in again.op && again.op.row, row());
  });

  it("to and from the cache: what it does to rows that it was given, or a reader to those it keeps, stays there", async () => {
    const puts: CachedRows[] = [];
    const inner = new MemCache();
    const { table } = careless({
      get: (key) => inner.get(key),
      fence: (key) => inner.fence(key),
      put: (key, rows, fence) => {
        puts.push(rows);
        return inner.put(key, rows, fence);
      },
      invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
    });
    const list = await table.listValues();
    for (const { rows } of puts) for (const kept of rows.values()) spoil(kept);
    assert.deepEqual(list.get("a"), row());
    const hit = await table.listValues();
    for (const one of hit.values()) spoil(one);
    assert.deepEqual((await table.listValues()).get("a"), row());
  });

  it("in a query: neither the caller nor the master can change what a handle stands for", async () => {
    const { master, table } = careless();
    const at = new Date(AT);
    const where: [string, "eq", Value][] = [["at", "eq", at]];
    const narrowed = table.withQuery({ where });
    const key = narrowed.listCacheKey;
    at.setTime(99);
    where.push(["n", "eq", 1]);
    for (const query of master.kept.queries) for (const [, , operand] of query.where ?? []) spoil(operand);
    for (const [, , operand] of narrowed.query.where ?? []) spoil(operand);
    assert.equal(narrowed.listCacheKey, key);
    assert.deepEqual(narrowed.query, { where: [["at", "eq", new Date(AT)]] });
    assert.equal(narrowed.pageCacheKey(1), table.where({ at: new Date(AT) }).pageCacheKey(1));
    await narrowed.listValues();
  });

  it("in an event: each listener has its own, and who tells it can change it no more", async () => {
    const stream = new ManualLiveStream();
    const table = new LiveTable(new MemTable("p"), "p", new MemCache(), { liveStream: stream });
    const [mine, yours] = [table.events.subscribe().getReader(), table.events.subscribe().getReader()];
    await settle();
    for (const reader of [mine, yours]) await reader.read();
    const told = { kind: "updated" as const, id: "a", row: row() };
    stream.push(told);
    told.id = "b";
    spoil(told.row);
    const heard = (await mine.read()).value;
    assert(heard !== undefined && heard.kind !== "changed");
    assert.throws(() => Object.assign(heard, { id: "c" }), TypeError);
    spoil(heard.row);
    assert.deepEqual((await yours.read()).value, { kind: "updated", id: "a", row: row() } satisfies LiveEvent);
    await table.close();
  });

  it("from a tracer: what it does to the facts that it is told changes nothing", async () => {
    const greedy = (traced: { fields: object }): void => {
      for (const name of Object.keys(traced.fields)) Reflect.set(traced.fields, name, "spoilt");
    };
    const table = new LiveTable(new MemTable("p", { rows: [["a", row()]] }), "p", new MemCache(), {
      tracer: defineTracer({
        enabled: () => true,
        event: greedy,
        span: (traced) => {
          greedy(traced);
          return { end: (fields) => greedy({ fields: fields ?? {} }) };
        },
      }),
    });
    await table.patchValue("a", { n: 1 });
    assert.deepEqual(await table.getValue("a"), row());
    assert.deepEqual(await table.getValue("a"), row());
    assert.equal(table.stats().hits, 1);
    await table.close();
  });
});
