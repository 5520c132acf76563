import { LiveTable, MemCache, MemTable, type Row } from "@vantage/live";
import { alike, type GrowthCase, upTo } from "./growth_case.ts";

/** Larger than any input. */
const BOUNDS = { maxEntries: 10_000_000, maxRows: 10_000_000 };

/** A read or write in flight holds some kilobytes: n is small enough that 16n of them fit the processor's caches. */
const FROM = 64;

export const liveCases: readonly GrowthCase[] = alike({ from: FROM }, [
  {
    name: "LiveTable: n hits at once under one signal",
    prepare: async (n) => {
      const { live, signal } = open(n);
      await live.getValue("0");
      return () => Promise.all(upTo(n).map(() => live.getValue("0", { signal })));
    },
  },
  {
    name: "LiveTable: n misses at once under one signal",
    prepare: (n) => {
      const { live, signal } = open(n);
      return () => Promise.all(upTo(n).map((number) => live.getValue(`${number}`, { signal })));
    },
  },
  {
    name: "LiveTable: n misses at once through two levels under one signal",
    prepare: (n) => {
      const { live: inner, signal } = open(n);
      const live = new LiveTable(inner, "outer", new MemCache(BOUNDS));
      return () => Promise.all(upTo(n).map((number) => live.getValue(`${number}`, { signal })));
    },
  },
  {
    name: "LiveTable: one miss for n readers under one signal",
    prepare: (n) => {
      const { live, signal } = open(n);
      return () => Promise.all(upTo(n).map(() => live.getValue("0", { signal })));
    },
  },
  {
    name: "LiveTable: n writes at once under one signal",
    prepare: (n) => {
      const { live, signal } = open(n);
      return () => Promise.all(upTo(n).map((number) => live.patchValue(`${number}`, { stock: 1 }, { signal })));
    },
  },
  {
    name: "LiveTable: n writes aborted by one signal",
    prepare: (n) => {
      const { live, controller } = open(n);
      const { signal } = controller;
      return async () => {
        const writes = upTo(n).map((number) => live.patchValue(`${number}`, { stock: 1 }, { signal }));
        controller.abort();
        await Promise.allSettled(writes);
      };
    },
  },
  {
    name: "LiveTable: n reads aborted by one signal",
    prepare: (n) => {
      const { live, controller } = open(n);
      const { signal } = controller;
      return async () => {
        const reads = upTo(n).map((number) => live.getValue(`${number}`, { signal }));
        controller.abort();
        await Promise.allSettled(reads);
      };
    },
  },
  {
    name: "Write: n cancelled in the queue",
    prepare: (n) => {
      const { live } = open(n);
      return async () => {
        const writes = upTo(n).map((number) => live.enqueue({ kind: "patch", id: `${number}`, partial: { stock: 1 } }));
        for (const write of writes) write.cancel();
        await Promise.allSettled(writes.map(({ applied }) => applied));
      };
    },
  },
  {
    name: "LiveTable.close() with n writes in the queue",
    prepare: (n) => {
      const { live } = open(n);
      for (const number of upTo(n)) void live.patchValue(`${number}`, { stock: 1 });
      return () => live.close();
    },
  },
  {
    name: "LiveTable: n hits of a page of n/100 rows",
    prepare: async (n) => {
      const { live } = open(Math.ceil(n / 100));
      await live.listValues();
      return () => Promise.all(upTo(n).map(() => live.listValues()));
    },
  },
]);

interface Opened {
  readonly live: LiveTable;
  readonly controller: AbortController;
  readonly signal: AbortSignal;
}

function open(n: number): Opened {
  const rows = upTo(n).map((number): [string, Row] => [`${number}`, { name: `Product ${number}`, stock: number }]);
  const live = new LiveTable(new MemTable("products", { rows }), "products", new MemCache(BOUNDS), {
    queueCapacity: n + 1,
  });
  const controller = new AbortController();
  return { live, controller, signal: controller.signal };
}
