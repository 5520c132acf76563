import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { LiveEvent } from "@vantage/live";
import {
  type PostgresClient,
  PostgresSlot,
  type PostgresSlotOptions,
  PostgresTable,
  type SlotTableOptions,
} from "@vantage/live/postgres";
import { type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { GatedClient } from "./gated_client.ts";
import { eventsOf, type Received, received } from "./received_events.ts";

let server: DatabaseServer | undefined;
let client: OpenClient | undefined;

function opened(): OpenClient {
  assert(client !== undefined);
  return client;
}

async function run(sql: string): Promise<void> {
  await opened().run(`SET search_path TO s; ${sql}; SET search_path TO public`);
}

interface Reading extends Received {
  readonly slot: PostgresSlot;
}

/** The table `s.t` of a new schema, and the events that a slot has of it. */
async function reading(
  sql: string,
  options: Partial<PostgresSlotOptions> & SlotTableOptions = {},
  client: PostgresClient = opened().client,
): Promise<Reading> {
  const { idField, numeric, ...others } = options;
  await opened().run("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; DROP PUBLICATION IF EXISTS p");
  await run(`${sql}; CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root)`);
  const slot = new PostgresSlot(client, { slot: "events", publication: "p", pollMs: 20, ...others });
  const events = await eventsOf(slot.of("s.t", { idField, numeric }));
  return {
    slot,
    take: events.take,
    end: async () => {
      await events.end();
      await slot.drop().catch(() => slot.drop());
    },
  };
}

function test(name: string, body: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, body);
}

const CHANGED: LiveEvent = { kind: "changed" };

describe("The events of a PostgresSlot", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres({ wal_level: "logical" });
    client = await openPool(server.port);
  });
  after(async () => {
    await client?.close();
    await server?.stop();
  });

  test("are those of committed transactions, in their order, with each change of a row", async () => {
    const events = await reading("CREATE TABLE t (id INT PRIMARY KEY, n INT)");
    await opened().run(
      "BEGIN; INSERT INTO s.t VALUES (1, 1), (2, 2); SAVEPOINT a; DELETE FROM s.t; ROLLBACK TO a; COMMIT",
    );
    await opened().run("BEGIN; INSERT INTO s.t VALUES (9, 9); ROLLBACK");
    await run("UPDATE t SET n = 3 WHERE id = 1");
    await run("UPDATE t SET id = 4 WHERE id = 2");
    await run("DELETE FROM t WHERE id = 4");
    assert.deepEqual(await events.take(6), [
      ...["1", "2"].map((id) => ({ kind: "inserted", id })),
      { kind: "updated", id: "1" },
      { kind: "deleted", id: "2" },
      { kind: "inserted", id: "4" },
      { kind: "deleted", id: "4" },
    ]);
    await run("TRUNCATE t");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
  });

  test("have ids as PostgresTable has them, of whatever type the key is", async () => {
    const keys: readonly (readonly [type: string, values: readonly string[]])[] = [
      ["TEXT", ['~x,y"\\\u{1f950}', "", "null"]],
      ["INT8", ["9007199254740993", "-1"]],
      ["UUID", ["A0000000-0000-4000-8000-00000000000F"]],
      ["BOOL", ["t", "f"]],
      ["BYTEA", ["\\x00ff", "\\x"]],
      ["DATE", ["29.02.2024"]],
      ["TIMESTAMPTZ", ["2024-02-29 12:00:00.123456+00"]],
      ["NUMERIC", ["1.50", "NaN"]],
      ["FLOAT8", ["0.1", "1e300"]],
      ["CHAR(5)", ["ab"]],
      ["INET", ["10.0.0.1", "10.0.0.0/8"]],
      ["INTERVAL", ["1 day 02:03"]],
      ["INT[]", ["{1,2}"]],
    ];
    for (const [type, values] of keys) {
      const events = await reading(`CREATE TABLE t (id ${type} PRIMARY KEY)`);
      const table = await PostgresTable.open(opened().client, "s.t");
      for (const value of values) {
        await run(`INSERT INTO t VALUES ('${value}')`);
        const ids = (await table.listValues()).ids();
        await run("DELETE FROM t");
        assert.deepEqual(await events.take(2), [
          ...ids.map((id) => ({ kind: "inserted", id })),
          ...ids.map((id) => ({ kind: "deleted", id })),
        ], `${type} ${value}`);
      }
      await events.end();
    }
  });

  test("have the rows that PostgresTable reads, if they are wanted", async () => {
    const events = await reading(
      `CREATE TYPE mood AS ENUM ('a b', 'c'); CREATE DOMAIN small AS INT CHECK (VALUE < 100);
      CREATE TABLE t (id TEXT, "we""ird \u00e9" TEXT, n INT8, f FLOAT8, g FLOAT4, x NUMERIC, ok BOOL, at TIMESTAMPTZ,
        until TIMESTAMP, day DATE, raw BYTEA, doc JSONB, plain JSON, tags TEXT[], big INT8[], ip INET, span INTERVAL,
        code CHAR(4), mood mood, small small, uid UUID, PRIMARY KEY (id, n))`,
      { withRows: true },
    );
    const table = await PostgresTable.open(opened().client, "s.t");
    await run(`INSERT INTO t VALUES ('a,b', 'x', 9007199254740993, 'NaN', 0.1, 1.50, TRUE,
      '2024-02-29 12:00:00.123456+00', 'infinity', '29.02.2024', '\\x00ff5c', '{"a": [1, null, "\u{1f950}"]}', '{ "b" :1}',
      ARRAY['a,b', NULL, '"'], ARRAY[9007199254740993, NULL], '10.0.0.1', '1 day', 'ab', 'a b', 7,
      'a0000000-0000-4000-8000-00000000000f')`);
    await run("INSERT INTO t (id, n) VALUES ('', 1)");
    const [first, second] = await events.take(2);
    const [one, other] = (await table.listValues()).toArray();
    assert.deepEqual(
      new Set([first, second]),
      new Set([one, other].map((entry) => ({
        kind: "inserted",
        id: entry?.[0],
        row: entry?.[1],
      }))),
    );
    await run("UPDATE t SET code = 'zz', n = n - 1 WHERE ok");
    const [gone, come] = await events.take(2);
    assert.deepEqual([gone?.kind, come], ["deleted", {
      kind: "inserted",
      id: "a~,b,9007199254740992",
      row: await table.getValue("a~,b,9007199254740992"),
    }]);
    await events.end();
    const near = await reading("CREATE TABLE t (id INT PRIMARY KEY, x NUMERIC)", { withRows: true, numeric: "number" });
    await run("INSERT INTO t VALUES (1, 0.1)");
    assert.deepEqual(await near.take(1), [{ kind: "inserted", id: "1", row: { id: 1, x: 0.1 } }]);
    await near.end();
  });

  test("have no row where a large value was not changed, unless the log has the row before", async () => {
    const long = (letter: string) =>
      `(SELECT string_agg(md5(i::text || '${letter}'), '') FROM generate_series(1, 300) i)`;
    const events = await reading(
      "CREATE TABLE t (id INT PRIMARY KEY, n INT, doc TEXT); ALTER TABLE t ALTER doc SET STORAGE EXTERNAL",
      { withRows: true },
    );
    const table = await PostgresTable.open(opened().client, "s.t");
    await run(`INSERT INTO t VALUES (1, 1, ${long("a")})`);
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1", row: await table.getValue("1") }]);
    await run("UPDATE t SET n = 2");
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "1" }]);
    await run(`UPDATE t SET doc = ${long("b")}`);
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "1", row: await table.getValue("1") }]);
    await run("ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET n = 3");
    assert.deepEqual(await events.take(1), [
      { kind: "updated", id: "1", row: await table.getValue("1"), columns: ["n"] },
    ]);
    await run(`UPDATE t SET n = 3, doc = ${long("c")}`);
    assert.deepEqual(await events.take(1), [
      { kind: "updated", id: "1", row: await table.getValue("1"), columns: ["doc"] },
    ]);
    await run("DELETE FROM t");
    assert.deepEqual(await events.take(1), [{ kind: "deleted", id: "1" }]);
    await events.end();
  });

  test("have the columns that changed, and no others, where the log has the row before", async () => {
    const events = await reading(
      "CREATE TABLE t (id INT PRIMARY KEY, a INT, b TEXT, c TEXT); ALTER TABLE t REPLICA IDENTITY FULL",
    );
    const columnsOf = async (sql: string) => {
      await run(sql);
      const [event] = await events.take(1);
      assert(event?.kind === "updated", String(event?.kind));
      return event.columns;
    };
    await run("INSERT INTO t VALUES (1, 1, NULL, '')");
    await events.take(1);
    assert.deepEqual(await columnsOf("UPDATE t SET a = 2, c = ''"), ["a"]);
    assert.deepEqual(await columnsOf("UPDATE t SET a = 2, b = 'x', c = NULL"), ["b", "c"]);
    assert.deepEqual(await columnsOf("UPDATE t SET a = a"), []);
    // A column that the table did not have when the stream began cannot matter to it; one that is gone may.
    assert.deepEqual(await columnsOf("ALTER TABLE t ADD d INT; UPDATE t SET d = 1, a = 3"), ["a"]);
    assert.deepEqual(await columnsOf("ALTER TABLE t DROP b; UPDATE t SET a = 4"), undefined);
    await events.end();
    const generated = await reading(
      `CREATE TABLE t (id INT PRIMARY KEY, a INT, twice INT GENERATED ALWAYS AS (a * 2) STORED);
      ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 1)`,
      { withRows: true },
    );
    await run("UPDATE t SET a = 2");
    assert.deepEqual(await generated.take(1), [{ kind: "updated", id: "1" }]); // Neither the row nor the columns are whole.
    await generated.end();
  });

  test("are changed where the log does not have the key", async () => {
    const events = await reading(
      "CREATE TABLE t (id INT PRIMARY KEY, code TEXT NOT NULL UNIQUE, slug TEXT); INSERT INTO t VALUES (1, 'a', 'x')",
      { idField: "code" },
    );
    await run("UPDATE t SET slug = 'y'");
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "a" }]);
    await run("DELETE FROM t");
    assert.deepEqual(await events.take(1), [CHANGED]); // It has the primary key.
    await run(
      "ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key; INSERT INTO t VALUES (1, 'a', 'x'); DELETE FROM t",
    );
    assert.deepEqual(await events.take(2), [{ kind: "inserted", id: "a" }, { kind: "deleted", id: "a" }]);
    await events.end();
  });

  test("are changed above a number of messages, and for what is too long to be held", async () => {
    const events = await reading("CREATE TABLE t (id INT PRIMARY KEY, doc TEXT)", { maxChanges: 50 });
    await run("INSERT INTO t SELECT i FROM generate_series(1, 40) i");
    assert.equal((await events.take(40)).length, 40);
    await run("INSERT INTO t SELECT i FROM generate_series(100, 1000) i");
    assert.deepEqual(await events.take(1), [CHANGED]);
    for (let id = 2000; id < 2060; id++) await run(`INSERT INTO t VALUES (${id})`);
    assert.deepEqual(
      await events.take(60),
      Array.from({ length: 60 }, (_, at) => ({ kind: "inserted", id: `${2000 + at}` })),
    );
    await run("INSERT INTO t SELECT 3000, repeat('a', 2000000)");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("UPDATE t SET doc = 'b' WHERE id = 3000");
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "3000" }]);
    await run("INSERT INTO t SELECT i, repeat('a', 1000000) FROM generate_series(4000, 4020) i");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("DELETE FROM t WHERE id = 1");
    assert.deepEqual(await events.take(1), [{ kind: "deleted", id: "1" }]);
    await events.end();
  });

  test("are those of the partitioned table, whichever partition they are in", async () => {
    const events = await reading(`CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE high PARTITION OF t DEFAULT`);
    await run("INSERT INTO low VALUES (1); UPDATE t SET id = 11; TRUNCATE t");
    assert.deepEqual(await events.take(4), [
      { kind: "inserted", id: "1" },
      { kind: "deleted", id: "1" },
      { kind: "inserted", id: "11" },
      CHANGED,
    ]);
    await events.end();
  });

  test("go on after the table has changed, also in ways that its rows cannot be read any more", async () => {
    const events = await reading("CREATE TABLE t (id INT PRIMARY KEY, n INT)", { withRows: true });
    await run("INSERT INTO t VALUES (1, 1)");
    assert.equal((await events.take(1))[0]?.kind, "inserted");
    await run("ALTER TABLE t ALTER n TYPE TEXT; INSERT INTO t VALUES (2, 'x')");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("ALTER TABLE t RENAME id TO key; INSERT INTO t VALUES (3, '3')");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
  });

  test("are those of columns that are read when they begin, and not again at once", async () => {
    const { client } = opened();
    let columnReads = 0;
    const counted = new GatedClient(client, (text) => {
      if (text.includes("'triggers', c.relhasrules")) columnReads++;
    });
    const events = await reading("CREATE TABLE t (id INT PRIMARY KEY)", {}, counted);
    for (let id = 1; id <= 5; id++) {
      await run(`INSERT INTO t VALUES (${id})`);
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: `${id}` }]);
    }
    assert.equal(columnReads, 1);
    await events.end();
  });

  test("of several tables come from one slot, each to those who subscribed to it", async () => {
    await opened().run("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; DROP PUBLICATION IF EXISTS p");
    await run(`CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE "U v" (id INT PRIMARY KEY); CREATE TABLE other (n INT);
      CREATE PUBLICATION p FOR ALL TABLES`);
    const slot = new PostgresSlot(opened().client, { slot: "several", publication: "p", pollMs: 20 });
    const t = await eventsOf(slot.of("s.t"));
    const u = received(slot.of("s.U v").subscribe()); // The connection is there: nothing is missed from now on.
    assert.equal(slot.subscriberCount, 2);
    await run(`INSERT INTO other VALUES (1); INSERT INTO "U v" VALUES (1); INSERT INTO t VALUES (2)`);
    assert.deepEqual(await t.take(1), [{ kind: "inserted", id: "2" }]);
    assert.deepEqual(await u.take(1), [{ kind: "inserted", id: "1" }]);
    await t.end();
    await run(`TRUNCATE "U v"`);
    assert.deepEqual(await u.take(1), [CHANGED]);
    await u.end();
    await slot.drop();
  });
});
