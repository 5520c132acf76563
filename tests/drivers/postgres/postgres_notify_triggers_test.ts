import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { type LiveEvent, NotFoundError, UnauthorizedError, UnsupportedError } from "@vantage/live";
import {
  installNotify,
  type InstallNotifyOptions,
  notifyScript,
  PostgresNotifyLiveStream,
  removeNotify,
} from "@vantage/live/postgres";
import { type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { errorOf } from "./error_of.ts";
import { eventsOf, type Received } from "./received_events.ts";

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;

function opened(): OpenClient {
  assert(pool !== undefined);
  return pool;
}

async function run(sql: string): Promise<void> {
  await opened().run(`SET search_path TO s; ${sql}; SET search_path TO public`);
}

/** Makes the schema of a test anew. */
async function make(sql: string): Promise<void> {
  await opened().run("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s");
  await run(sql);
}

/** The table `s.t` of a new schema, which notifies, and what is received of it. */
async function listening(sql: string, options?: InstallNotifyOptions): Promise<Received> {
  await make(sql);
  await installNotify(opened().client, "s.t", options);
  const idField = options?.idField;
  return await eventsOf(await PostgresNotifyLiveStream.open(opened().client, "s.t", { idField }));
}

function test(name: string, run: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, run);
}

const CHANGED: LiveEvent = { kind: "changed" };

describe("The triggers that notify", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    pool = await openPool(server.port);
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  test("name the rows of each statement, after its transaction, and nothing where no row changed", async () => {
    const events = await listening("CREATE TABLE t (id INT PRIMARY KEY, n INT)");
    await run("INSERT INTO t VALUES (1, 1), (2, 2)");
    assert.deepEqual(await events.take(2), [{ kind: "inserted", id: "1" }, { kind: "inserted", id: "2" }]);
    await run("UPDATE t SET n = 3 WHERE id = 9; DELETE FROM t WHERE id = 9; INSERT INTO t SELECT 9 WHERE FALSE");
    await opened().run("BEGIN; UPDATE s.t SET n = 3; ROLLBACK");
    await opened().run("BEGIN; SAVEPOINT a; DELETE FROM s.t; ROLLBACK TO a; COMMIT");
    await run("UPDATE t SET n = 3 WHERE id = 2");
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "2" }]);
    await run("DELETE FROM t WHERE id = 1");
    assert.deepEqual(await events.take(1), [{ kind: "deleted", id: "1" }]);
    await run("BEGIN; UPDATE t SET n = 4; UPDATE t SET n = 5; UPDATE t SET n = 6; COMMIT");
    assert.deepEqual(await events.take(1), [{ kind: "updated", id: "2" }]); // Equal ones are one notification.
    await run("TRUNCATE t");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
  });

  test("name what an upsert, a merge, a cascade and another key do", async () => {
    const events = await listening(`CREATE TABLE other (id INT PRIMARY KEY); INSERT INTO other VALUES (7);
      CREATE TABLE t (id INT PRIMARY KEY, o INT REFERENCES other ON DELETE CASCADE); INSERT INTO t VALUES (1, NULL), (2, 7)`);
    await run("INSERT INTO t VALUES (1, NULL), (3, NULL) ON CONFLICT (id) DO UPDATE SET o = NULL");
    assert.deepEqual(
      new Set(await events.take(2)),
      new Set([{ kind: "inserted", id: "3" }, { kind: "updated", id: "1" }]),
    );
    await run("DELETE FROM other");
    assert.deepEqual(await events.take(1), [{ kind: "deleted", id: "2" }]);
    await run("UPDATE t SET id = 4 WHERE id = 3");
    assert.deepEqual(
      new Set(await events.take(2)),
      new Set([{ kind: "inserted", id: "4" }, { kind: "deleted", id: "3" }]),
    );
    await run(
      "MERGE INTO t USING (VALUES (1), (8)) AS m (id) ON t.id = m.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (8)",
    );
    assert.deepEqual(
      new Set(await events.take(2)),
      new Set([{ kind: "deleted", id: "1" }, { kind: "inserted", id: "8" }]),
    );
    await run("TRUNCATE other CASCADE");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
    const swapped = await listening("CREATE TABLE t (id INT PRIMARY KEY DEFERRABLE); INSERT INTO t VALUES (1), (4)");
    await run("UPDATE t SET id = 5 - id");
    assert.deepEqual(
      new Set(await swapped.take(2)),
      new Set([{ kind: "updated", id: "1" }, { kind: "updated", id: "4" }]),
    );
    await swapped.end();
  });

  test("write ids as PostgresTable does, of whatever type the key is", async () => {
    const keys: readonly (readonly [type: string, value: string, id: string])[] = [
      ["TEXT", '~x,y"\\\u{1f950}', "~'~x,y\"\\\u{1f950}"],
      ["INT8", "9007199254740993", "9007199254740993"],
      ["UUID", "A0000000-0000-4000-8000-00000000000F", "a0000000-0000-4000-8000-00000000000f"],
      ["BOOL", "t", "true"],
      ["BYTEA", "\\x00ff", "~x00ff"],
      ["DATE", "29.02.2024", "2024-02-29"],
      ["TIMESTAMPTZ", "2024-02-29 12:00:00.123456+00", "2024-02-29T12:00:00.123456Z"],
      ["NUMERIC", "1.50", "1.50"],
      ["CHAR(5)", "ab", "ab"],
      ["INET", "10.0.0.1", "10.0.0.1"],
    ];
    for (const [type, value, id] of keys) {
      const events = await listening(`CREATE TABLE t (id ${type} PRIMARY KEY)`);
      await run(`INSERT INTO t VALUES ('${value}')`);
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id }], type);
      await events.end();
    }
  });

  test("join the columns of a key, and name a NULL", async () => {
    const composite = await listening(`CREATE TABLE t ("a b" TEXT, n INT, PRIMARY KEY (n, "a b"))`);
    await run("INSERT INTO t VALUES ('x,~y', 1)");
    assert.deepEqual(await composite.take(1), [{ kind: "inserted", id: "1,x~,~~y" }]);
    await composite.end();
    const without = await listening("CREATE TABLE t (slug TEXT)", { idField: "slug" });
    await run("INSERT INTO t VALUES (NULL)");
    assert.deepEqual(await without.take(1), [{ kind: "inserted", id: "~n" }]);
    await without.end();
  });

  test("name no rows where the text of the key depends on the settings of a session", async () => {
    for (const [type, value] of [["INTERVAL", "1 day"], ["FLOAT8", "0.1"], ["INT[]", "{1}"]] as const) {
      const events = await listening(`CREATE TABLE t (id ${type} PRIMARY KEY)`);
      await run(`INSERT INTO t VALUES ('${value}')`);
      assert.deepEqual(await events.take(1), [CHANGED], String(type));
      await run("DELETE FROM t WHERE FALSE; TRUNCATE t");
      assert.deepEqual(await events.take(1), [CHANGED], String(type));
      await events.end();
    }
  });

  test("name no rows above their number, or where the payload would fail the transaction", async () => {
    const events = await listening("CREATE TABLE t (id TEXT PRIMARY KEY, n INT)", { maxRows: 3 });
    await run("INSERT INTO t SELECT i FROM generate_series(1, 3) i");
    assert.equal((await events.take(3)).length, 3);
    await run("INSERT INTO t SELECT i FROM generate_series(4, 7) i");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("UPDATE t SET n = 1");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("DELETE FROM t");
    assert.deepEqual(await events.take(1), [CHANGED]);
    // A key in an index cannot be so long, unless it can be compressed.
    const fits = 8000 - 1 - '{"kind":"inserted","keys":[[""]]}'.length;
    for (const [length, kind] of [[fits, "inserted"], [fits + 1, "changed"], [50_000, "changed"]] as const) {
      await run(`INSERT INTO t VALUES (repeat('a', ${length}))`);
      const [event] = await events.take(1);
      assert.equal(event?.kind, kind, String(length));
    }
    await run(`INSERT INTO t VALUES (repeat('\u00e9', ${Math.floor(fits / 2) + 1}))`);
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
  });

  test("never fail a transaction, whatever has become of the table", async () => {
    const events = await listening(
      "CREATE TABLE t (id INT PRIMARY KEY, added INT, changed INT, event INT, payload INT)",
    );
    await run("INSERT INTO t VALUES (1)");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    await run("ALTER TABLE t RENAME COLUMN id TO number; INSERT INTO t VALUES (2)");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("ALTER TABLE t DROP COLUMN number; UPDATE t SET added = 1");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("ALTER TABLE t RENAME TO u; DELETE FROM u");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
  });

  test("do what they should, whatever functions the search path has", async () => {
    const events = await listening(`CREATE TABLE t (id INT PRIMARY KEY);
      CREATE FUNCTION cardinality(text[]) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0';
      CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT 1 / 0'`);
    await opened().run("SET search_path TO s, pg_catalog; INSERT INTO t VALUES (1); SET search_path TO public");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    await events.end();
  });

  test("are on partitions and on tables that inherit, too", async () => {
    const events = await listening(`CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE "low t" PARTITION OF t FOR VALUES FROM (0) TO (10);
      CREATE TABLE high PARTITION OF t FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
      CREATE TABLE highest PARTITION OF high FOR VALUES IN (19)`);
    await run(`INSERT INTO t VALUES (1)`);
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    await run(`INSERT INTO "low t" VALUES (2)`);
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "2" }]);
    await run("UPDATE t SET id = 19 WHERE id = 2");
    assert.deepEqual(
      new Set(await events.take(2)),
      new Set([{ kind: "inserted", id: "19" }, { kind: "deleted", id: "2" }]),
    );
    await run("TRUNCATE highest");
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("CREATE TABLE middle PARTITION OF t FOR VALUES FROM (20) TO (30)");
    await installNotify(opened().client, "s.t");
    await run("INSERT INTO middle VALUES (20)");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "20" }]);
    await events.end();
    const inherited = await listening("CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE u (n INT) INHERITS (t)");
    await run("INSERT INTO u VALUES (1, 1)");
    assert.deepEqual(await inherited.take(1), [{ kind: "inserted", id: "1" }]);
    await inherited.end();
  });

  test("are installed once, however often and by however many, and removed", async () => {
    await make(`CREATE TABLE "T ""$vantage_live$" ("i'd\\" INT PRIMARY KEY)`);
    const name = 's.T "$vantage_live$';
    const { client } = opened();
    await Promise.all([1, 2, 3].map(() => installNotify(client, name)));
    await installNotify(client, name, { maxRows: 5 });
    const events = await eventsOf(await PostgresNotifyLiveStream.open(client, name));
    await run(`INSERT INTO "T ""$vantage_live$" SELECT generate_series(1, 6)`);
    assert.deepEqual(await events.take(1), [CHANGED]);
    await events.end();
    for (let time = 0; time < 2; time++) await removeNotify(client, name);
    await assert.rejects(PostgresNotifyLiveStream.open(client, name), errorOf(UnsupportedError, "installNotify"));
    await run(`INSERT INTO "T ""$vantage_live$" VALUES (7)`);
  });

  test("are as well installed and removed by the script", async () => {
    await make("CREATE TABLE t (id INT PRIMARY KEY)");
    const script = await notifyScript(opened().client, "s.t");
    for (let time = 0; time < 2; time++) await opened().run(script.install);
    const events = await eventsOf(await PostgresNotifyLiveStream.open(opened().client, "s.t"));
    await run("INSERT INTO t VALUES (1)");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    await events.end();
    for (let time = 0; time < 2; time++) await opened().run(script.remove);
    await assert.rejects(PostgresNotifyLiveStream.open(opened().client, "s.t"), UnsupportedError);
  });

  test("are refused where they cannot be, or must not, in one clear sentence", async () => {
    await make(`CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE bare (n INT); CREATE VIEW v AS SELECT 1 AS id;
      DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; GRANT USAGE ON SCHEMA s TO plain; GRANT SELECT ON ALL TABLES IN SCHEMA s TO plain`);
    const { client } = opened();
    await assert.rejects(installNotify(client, "s.missing"), NotFoundError);
    await assert.rejects(installNotify(client, "s.bare"), errorOf(UnsupportedError, "no primary key"));
    await assert.rejects(installNotify(client, "s.v", { idField: "id" }), errorOf(UnsupportedError, "not a table"));
    await assert.rejects(installNotify(client, "s.t", { maxRows: 1001 }), errorOf(RangeError, "1000"));
    await assert.rejects(
      installNotify(client, "s.t", { maxRow: 1 } as InstallNotifyOptions),
      errorOf(TypeError, "maxRow"),
    );
    const plain = await openPool(server?.port ?? 0, "plain");
    await assert.rejects(installNotify(plain.client, "s.t"), errorOf(UnauthorizedError, "TRIGGER", "CREATE", "s.t"));
    await installNotify(client, "s.t");
    await installNotify(plain.client, "s.t"); // There is nothing to do.
    await assert.rejects(removeNotify(plain.client, "s.t"), errorOf(UnauthorizedError, "owner"));
    await plain.close();
    await run("DROP OWNED BY plain; DROP ROLE plain");
  });

  test("are missed by open() where they are disabled, incomplete, or for another key or name", async () => {
    await make("CREATE TABLE t (id INT PRIMARY KEY, code INT UNIQUE)");
    const { client } = opened();
    const open = (name = "s.t", idField?: string) => PostgresNotifyLiveStream.open(client, name, { idField });
    await assert.rejects(open(), errorOf(UnsupportedError, "has not all", "installNotify"));
    await installNotify(client, "s.t");
    await open();
    await assert.rejects(open("s.t", "code"), errorOf(UnsupportedError, "another key", "installNotify"));
    await run("ALTER TABLE t DISABLE TRIGGER USER");
    await assert.rejects(open(), UnsupportedError);
    await run("ALTER TABLE t ENABLE TRIGGER USER");
    await open();
    await run("ALTER TABLE t RENAME TO u");
    await assert.rejects(open("s.u"), UnsupportedError);
    await installNotify(client, "s.u");
    await open("s.u");
  });
});
