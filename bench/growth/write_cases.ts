import { LiveTable, type LiveTableOptions, MemCache, MemOutbox, MemTable, type Outbox, type Row } from "@vantage/live";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { alike, type GrowthCase, upTo } from "./growth_case.ts";

/** Larger than any input. */
const BOUNDS = { maxEntries: 10_000_000, maxRows: 10_000_000 };

export const writeCases: readonly GrowthCase[] = alike({ from: 64 }, [
  {
    name: "MemOutbox: n writes accepted and drained",
    prepare: (n) => patchesOf(n, open(n, { outbox: new MemOutbox() })),
  },
  {
    name: "SqliteOutbox: n writes accepted and drained",
    prepare: async (n) => patchesOf(n, open(n, { outbox: await SqliteOutbox.open(":memory:") })),
  },
  {
    name: "MemOutbox: n writes drained by the next process",
    prepare: async (n) => {
      const outbox = new MemOutbox();
      await leave(n, outbox);
      return () => drain(n, outbox);
    },
  },
  {
    name: "SqliteOutbox: n writes drained by the next process",
    prepare: async (n) => {
      const outbox = await SqliteOutbox.open(":memory:");
      await leave(n, outbox);
      return () => drain(n, outbox);
    },
  },
  {
    name: "LiveTable, n writes to one row",
    prepare: (n) => {
      const live = open(n);
      return () => Promise.all(upTo(n).map((stock) => live.patchValue("0", { stock })));
    },
  },
  {
    name: "LiveTable, optimistic: n writes, while a page of 50 rows is watched",
    prepare: async (n) => {
      const live = open(n, { optimistic: true });
      const observer = live.orderBy("stock").page(1).observe();
      observer.subscribe(() => {});
      await observer.ready();
      return patchesOf(n, live);
    },
  },
  {
    name: "LiveTable, optimistic: a hit of n rows below n pending writes",
    prepare: async (n) => {
      const live = open(n, { optimistic: true });
      await live.listValues();
      live.setOnline(false);
      for (const number of upTo(n)) void live.patchValue(`${number}`, { stock: -1 });
      return () => live.listValues();
    },
  },
  {
    name: "LiveTable, optimistic: n hits of a row below n pending writes",
    prepare: async (n) => {
      const live = open(n, { optimistic: true });
      await live.getValue("0");
      live.setOnline(false);
      for (const number of upTo(n)) void live.patchValue(`${number}`, { stock: -1 });
      return () => Promise.all(upTo(n).map(() => live.getValue("0")));
    },
  },
]);

function patchesOf(n: number, live: LiveTable): () => Promise<unknown> {
  return () => Promise.all(upTo(n).map((number) => live.patchValue(`${number}`, { stock: -1 })));
}

/** Accepts n writes without sending one. */
async function leave(n: number, outbox: Outbox): Promise<void> {
  const live = open(n, { outbox });
  live.setOnline(false);
  const writes = upTo(n).map((number) => live.enqueue({ kind: "patch", id: `${number}`, partial: { stock: -1 } }));
  await Promise.all(writes.map(({ accepted }) => accepted));
  await live.close();
}

/** Sends what is left. */
async function drain(n: number, outbox: Outbox): Promise<void> {
  await open(n, { outbox }).close();
}

function open(n: number, options: LiveTableOptions = {}): LiveTable {
  const rows = upTo(n).map((number): [string, Row] => [`${number}`, { name: `Product ${number}`, stock: number }]);
  return new LiveTable(new MemTable("products", { rows }), "products", new MemCache(BOUNDS), {
    queueCapacity: n + 1,
    ...options,
  });
}
