import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import { LiveTable, type Row } from "@vantage/live";
import { PostgresSlot, PostgresTable } from "@vantage/live/postgres";
import { SqliteCache } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";
import { type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";

interface Product extends Row {
  readonly id: number;
  readonly price: number;
}

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;
let file = "";

function admin(): OpenClient {
  assert(pool !== undefined);
  return pool;
}

function run(sql: string): Promise<unknown> {
  return admin().run(sql);
}

/** A process: its table, over a cache in a file, and a slot. */
interface Process {
  readonly table: LiveTable<Product>;
  /** Resolves when an event has told of a price. */
  until(id: string, price: number): Promise<void>;
  end(): Promise<void>;
}

async function start(path = file): Promise<Process> {
  const cache = await SqliteCache.open(path);
  const slot = new PostgresSlot(admin().client, { slot: "shop", publication: "shop", pollMs: 10 });
  const master = await PostgresTable.open<Product>(admin().client, "products");
  const table = new LiveTable(master, "products", cache, { liveStream: slot.of("products") });
  return {
    table,
    until: async (id, price) => {
      const reader = table.events.subscribe().getReader();
      while ((await table.getValue(id))?.price !== price) await reader.read();
      await reader.cancel();
    },
    end: async () => {
      await table.close();
      await cache.close();
    },
  };
}

/** Resolves when what was written is off the slot, and so is in the cache, with its position. */
async function untilApplied(): Promise<void> {
  const { rows: [end] } = await run("SELECT pg_current_wal_flush_lsn()::text AS lsn") as { rows: { lsn: string }[] };
  for (let time = 0; time < 500; time++) {
    const { rows: [slot] } = await run(
      `SELECT confirmed_flush_lsn >= '${end?.lsn}' AS done FROM pg_replication_slots WHERE slot_name = 'shop'`,
    ) as { rows: { done: boolean }[] };
    if (slot?.done === true) return;
    // What concerns the table is taken off at once.
    await run("UPDATE products SET price = price WHERE id = 0; SELECT pg_sleep(0.01)");
  }
  assert.fail("it is not taken off");
}

function test(name: string, body: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, async () => {
    await run("DROP TABLE IF EXISTS products; CREATE TABLE products (id INT PRIMARY KEY, price INT)");
    await run("INSERT INTO products SELECT i, i FROM generate_series(0, 99) i");
    await run("DROP PUBLICATION IF EXISTS shop; CREATE PUBLICATION shop FOR TABLE products");
    file = newPath("cache.sqlite");
    await body();
    await run("SELECT pg_sleep(0.1)");
    await run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  });
}

describe("A LiveTable whose cache outlives its process, over a PostgresSlot,", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres({ wal_level: "logical" });
    pool = await openPool(server.port);
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  test("goes on where the last process stopped: only what has changed since is read", async () => {
    const first = await start();
    assert.equal((await first.table.listValues()).size, 100);
    await run("UPDATE products SET price = 1000 WHERE id = 7");
    await first.until("7", 1000);
    await first.table.listValues();
    await untilApplied();
    await first.end();

    await run("UPDATE products SET price = 2000 WHERE id IN (8, 9)");
    const second = await start();
    const rows = await second.table.listValues();
    assert.deepEqual(["7", "8", "9", "10"].map((id) => rows.get(id)?.price), [1000, 2000, 2000, 10]);
    const { rowsReceived, invalidations } = second.table.stats();
    assert.equal(invalidations.gap, 0);
    assert(rowsReceived <= 4, `${rowsReceived} rows were received`); // Those two, and what was written to wait.
    await second.end();
  });

  test("reads everything again with an old copy of the cache, or where the slot was made anew", async () => {
    const first = await start();
    await first.table.listValues();
    await untilApplied();
    await first.end();
    const old = newPath("old.sqlite");
    copyFileSync(file, old);
    const second = await start();
    await second.table.listValues();
    await run("UPDATE products SET price = 3000 WHERE id = 11");
    await second.until("11", 3000);
    await untilApplied();
    await second.end();

    const restored = await start(old);
    assert.equal((await restored.table.listValues()).get("11")?.price, 3000);
    await restored.end();

    await run("SELECT pg_sleep(0.1)");
    await run("SELECT pg_drop_replication_slot('shop')");
    await run("UPDATE products SET price = 4000 WHERE id = 12");
    const anew = await start();
    assert.equal((await anew.table.listValues()).get("12")?.price, 4000);
    await anew.end();
  });

  test("serves nothing old, whenever the last process ended", async () => {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
    let state = seed;
    const random = () => (state = (state * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
    let price = 10_000;
    for (let round = 0; round < 15; round++) {
      const process = await start();
      const before = ++price;
      await run(`UPDATE products SET price = ${before} WHERE id = ${round}`);
      if (random() < 0.7) await process.table.listValues();
      if (random() < 0.5) await process.until(String(round), before);
      for (let write = 0; write < 3; write++) {
        await run(`UPDATE products SET price = ${++price} WHERE id = ${50 + write}`);
      }
      if (random() < 0.3) await process.table.patchValue("60", { price: ++price });
      await process.end();
      await run(`UPDATE products SET price = ${++price} WHERE id = ${round + 20}`);
      const next = await start();
      const rows = await next.table.listValues();
      const master = await PostgresTable.open<Product>(admin().client, "products");
      assert.deepEqual(rows.toArray(), (await master.listValues()).toArray(), `seed ${seed}, round ${round}`);
      await next.end();
    }
  });
});
