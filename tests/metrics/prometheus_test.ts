import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import parsePrometheusTextFormat from "parse-prometheus-text-format";
import {
  defineTable,
  type LiveStream,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  UnavailableError,
} from "@vantage/live";
import { metrics, METRICS_CONTENT_TYPE } from "@vantage/live/metrics";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { readExposition } from "./exposition.ts";

/** What the parser from npm makes of a family. */
interface ParsedFamily {
  readonly name: string;
  readonly metrics: readonly { readonly labels?: { readonly [name: string]: string } }[];
}

/** The value of a series, named as in a query: `cache_gets_total{table="products",result="hit"}`. */
function valueOf(text: string, series: string): number | undefined {
  const [, name = "", wanted = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
  const labels = Array.from(
    wanted.matchAll(/(\w+)="([^"]*)"/g),
    ([, label = "", value = ""]) => [label, value] as const,
  );
  const samples = [...readExposition(text).values()].flatMap((family) => family.samples);
  return samples.find((sample) =>
    sample.name === name && labels.every(([label, value]) => sample.labels[label] === value)
  )
    ?.value;
}

async function withProducts(
  check: (
    products: LiveTable,
    tools: { readonly master: FaultyTable; readonly clock: FakeClock; readonly stream: ManualLiveStream },
  ) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const stream = new ManualLiveStream();
  const master = new FaultyTable(new MemTable("products", { rows: [["a", { price: 1 }], ["b", { price: 2 }]] }));
  const products = new LiveTable(master, "products", new MemCache({ maxEntries: 2 }), { clock, liveStream: stream });
  await settle();
  try {
    await check(products, { master, clock, stream });
  } finally {
    await products.close();
  }
}

describe("metrics()", () => {
  it("has reads, entries and evictions under the names of Micrometer", () =>
    withProducts(async (products) => {
      await products.listValues();
      await products.listValues();
      await products.where("price", "gt", 1).listValues();
      await products.page(1).listValues();
      const text = metrics({ products });
      const { hits, misses, fills } = products.stats();
      assert.equal(valueOf(text, 'cache_gets_total{cache="products",table="products",result="hit"}'), hits);
      assert.equal(valueOf(text, 'cache_gets_total{cache="products",table="products",result="miss"}'), misses);
      assert.equal(valueOf(text, 'cache_puts_total{cache="products"}'), fills);
      assert.equal(valueOf(text, 'cache_size{cache="products"}'), 2);
      assert.equal(valueOf(text, 'cache_evictions_total{cache="products"}'), fills - 2);
      assert(hits > 0 && misses > 0 && fills > 2);
    }));

  it("has the durations of reads of the master as a histogram, and those that failed", () =>
    withProducts(async (products, { master, clock }) => {
      for (const ms of [0, 40, 400, 60_000]) {
        const gate = master.plan.hold("listValues");
        const read = products.refresh();
        await gate.reached;
        await clock.advance(ms);
        gate.release();
        await read;
      }
      master.plan.fail("listValues", new UnavailableError("down"));
      await assert.rejects(products.refresh());
      const text = metrics({ products });
      const bucket = (le: string): number | undefined =>
        valueOf(text, `vantage_live_master_read_duration_seconds_bucket{le="${le}"}`);
      assert.deepEqual(
        [bucket("0.001"), bucket("0.025"), bucket("0.05"), bucket("0.5"), bucket("10"), bucket("+Inf")],
        [2, 2, 3, 4, 4, 5],
      );
      assert.equal(valueOf(text, "vantage_live_master_read_duration_seconds_count"), 5);
      assert.equal(valueOf(text, "vantage_live_master_read_duration_seconds_sum"), 60.44);
      assert.equal(valueOf(text, "vantage_live_failed_reads_total"), 1);
      assert.equal(products.stats().masterReads, 5);
    }));

  it("does not count a read that its reader has given up", async () => {
    const asked = Promise.withResolvers<void>();
    const master = defineTable({
      name: "products",
      list: ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          asked.resolve();
        }),
    });
    const products = new LiveTable(master, "products", new MemCache());
    const control = new AbortController();
    const read = products.listValues({ signal: control.signal });
    await asked.promise;
    control.abort();
    await assert.rejects(read);
    await settle();
    const { masterReads, failedReads, masterReadTimes } = products.stats();
    assert.deepEqual([masterReads, failedReads, masterReadTimes.count], [1, 0, 0]);
    await products.close();
  });

  it("has events, gaps and whether the stream is live", () =>
    withProducts(async (products, { stream, clock }) => {
      stream.push({ kind: "updated", id: "a" });
      stream.push({ kind: "changed" });
      await settle();
      assert.equal(valueOf(metrics({ products }), "vantage_live_stream_live"), 1);
      stream.disconnect();
      await settle();
      const text = metrics({ products });
      assert.equal(valueOf(text, 'vantage_live_events_total{kind="updated"}'), 1);
      assert.equal(valueOf(text, 'vantage_live_events_total{kind="changed"}'), 1);
      assert.equal(valueOf(text, "vantage_live_gaps_total"), 1);
      assert.equal(valueOf(text, "vantage_live_stream_live"), 0);
      assert.equal(valueOf(text, 'vantage_live_invalidations_total{cause="event"}'), 2);
      await clock.advance(100);
      assert.equal(valueOf(metrics({ products }), "vantage_live_stream_live"), 1);
      assert.equal(valueOf(metrics({ products }), "vantage_live_gaps_total"), 1);
    }));

  it("says that a stream is lost whose connection is, though the subscription goes on", async () => {
    const events = new ManualLiveStream();
    let isLive = false;
    const liveStream: LiveStream = {
      get isLive(): boolean {
        return isLive;
      },
      subscribe: (options) => events.subscribe(options),
    };
    const products = new LiveTable(new MemTable("products"), "products", new MemCache(), { liveStream });
    assert.equal(products.stats().stream, "lost");
    isLive = true;
    assert.equal(products.stats().stream, "live");
    await products.close();
    assert.equal(products.stats().stream, "lost");
  });

  it("has nothing about a stream where there is none, and nothing that a cache does not count", async () => {
    const cache = new MemCache();
    const plain = {
      get: (key: string) => cache.get(key),
      fence: (key: string) => cache.fence(key),
      put: (...put: Parameters<MemCache["put"]>) => cache.put(...put),
      invalidatePrefix: (prefix: string) => cache.invalidatePrefix(prefix),
    };
    const products = new LiveTable(new MemTable("products"), "products", plain);
    const text = metrics({ products });
    assert.deepEqual(
      ["cache_size", "cache_evictions_total", "vantage_live_stream_live"].filter((name) => text.includes(name)),
      [],
    );
    assert.deepEqual([products.stats().stream, products.stats().entries], ["none", undefined]);
    await products.close();
  });

  it("goes on where a cache fails to count", async () => {
    const cache = Object.assign(new MemCache(), {
      usage: () => {
        throw new Error("no cache");
      },
    });
    const products = new LiveTable(new MemTable("products"), "products", cache);
    assert(!metrics({ products }).includes("cache_size"));
    assert.equal(products.stats().cacheFailures, 2);
    await products.close();
  });

  it("has writes that wait, how long the first has waited, and those that failed", () =>
    withProducts(async (products, { master, clock }) => {
      const gate = master.plan.hold("patchValue");
      const first = products.patchValue("a", { price: 3 });
      await gate.reached;
      await clock.advance(2_500);
      const second = products.patchValue("a", { price: 4 });
      const text = metrics({ products });
      assert.equal(valueOf(text, "vantage_live_queued_writes"), 2);
      assert.equal(valueOf(text, "vantage_live_oldest_write_age_seconds"), 2.5);
      gate.release();
      for (const write of [first, second]) await write;
      await assert.rejects(products.patchValue("z", {}));
      await assert.rejects(products.patchValue("z", { price: 1 }));
      const later = metrics({ products });
      assert.equal(valueOf(later, "vantage_live_queued_writes"), 0);
      assert.equal(valueOf(later, "vantage_live_oldest_write_age_seconds"), 0);
      assert.equal(valueOf(later, "vantage_live_master_writes_total"), products.stats().masterWrites);
      assert.equal(valueOf(later, "vantage_live_failed_writes_total"), products.stats().failedWrites);
      assert(products.stats().failedWrites > 0);
    }));

  it("has every count of stats()", () =>
    withProducts((products) => {
      // Each count gets a number of its own, which must be found.
      let number = 1_000;
      const counted: number[] = [];
      const mark = (value: unknown): unknown => {
        if (typeof value === "object" && value !== null && !Array.isArray(value)) {
          return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mark(inner)]));
        }
        if (typeof value !== "number") return value;
        counted.push(++number);
        return number;
      };
      const stats = mark({ ...products.stats(), masterReads: "in the histogram" });
      const text = metrics({ products: { stats: () => stats as ReturnType<LiveTable["stats"]> } });
      const values = [...readExposition(text).values()].flatMap(({ samples }) => samples.map(({ value }) => value));
      const missing = counted.filter((count) => !values.includes(count) && !values.includes(count / 1000));
      assert.deepEqual(missing, []);
      return Promise.resolve();
    }));

  it("has several tables, each family in one piece, with names of any characters", async () => {
    const names = ["products", 'a "quoted" \\ name', "two\nlines", "émile 🥐", "{}", 'le="1"'];
    const tables = Object.fromEntries(
      names.map((name) => [name, new LiveTable(new MemTable("t"), `key of ${name}`, new MemCache())]),
    );
    const text = metrics(tables);
    const families = readExposition(text);
    const gets = families.get("cache_gets_total")?.samples.map(({ labels }) => labels.table);
    assert.deepEqual([...new Set(gets)], names);
    const parsed: ParsedFamily[] = parsePrometheusTextFormat(text);
    assert.deepEqual(parsed.map(({ name }) => name), [...families.keys()]);
    const seen = parsed.find(({ name }) => name === "cache_puts_total")?.metrics.map(({ labels }) => labels?.table);
    assert.deepEqual(seen, names);
    for (const table of Object.values(tables)) await table.close();
  });

  it("never has a key, a condition, an id or a value of a row", async () => {
    const master = new MemTable("products", { rows: [["id-hunter2", { price: 1, secret: "value-hunter2" }]] });
    const products = new LiveTable(master, "cachekey-hunter2", new MemCache());
    await products.where("secret", "eq", "value-hunter2").listValues();
    await products.getValue("id-hunter2");
    await products.patchValue("id-hunter2", { price: 2 });
    assert(!metrics({ products }).includes("hunter2"));
    await products.close();
  });

  it("has the same series, whatever happened", () =>
    withProducts(async (products, { stream, master }) => {
      const series = (): string[] => metrics({ products }).split("\n").map((line) => line.replace(/ [^ ]+$/, ""));
      const before = series();
      for (let number = 0; number < 50; number++) {
        await products.where("price", "gt", number).listValues();
        await products.getValue(`row ${number}`);
        stream.push({ kind: "updated", id: `row ${number}` });
      }
      master.plan.fail("listValues", new Error("odd"));
      await products.refresh().catch(() => {});
      await settle();
      assert.deepEqual(series(), before);
      const count = before.filter((line) => line !== "" && !line.startsWith("#")).length;
      assert.equal(count, 53, "as many as the documentation says");
    }));

  it("is empty for no tables, and refuses what is no object of tables", () => {
    assert.equal(metrics({}), "");
    const table = { stats: () => ({}) };
    assert.throws(
      () => metrics([table] as never),
      /Tables must be an object, as in \{ products, clients \}, got an array/,
    );
    assert.throws(() => metrics(undefined as never), /got undefined/);
    assert.throws(
      () => metrics({ products: Promise.resolve(table) } as never),
      /The table "products" must be a LiveTable; got a promise/,
    );
    assert.throws(() => metrics(table as never), /The table "stats" must be a LiveTable/);
  });

  it("is scraped over HTTP", () =>
    withProducts(async (products) => {
      await products.listValues();
      const server = createServer((_, response) => {
        response.setHeader("content-type", METRICS_CONTENT_TYPE);
        response.end(metrics({ products, "émile 🥐": products }));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
      const text = await answer.text();
      assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
      assert.equal(text, metrics({ products, "émile 🥐": products }));
      assert.equal(valueOf(text, 'cache_puts_total{table="émile 🥐"}'), 1);
      server.closeAllConnections();
      server.close();
    }));
});
