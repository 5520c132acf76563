import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import {
  type Condition,
  ConflictError,
  NotFoundError,
  RejectedError,
  TableError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "@vantage/live";
import { type PostgresClient, type PostgresHandle, PostgresTable } from "@vantage/live/postgres";
import { type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import { type DatabaseServer, freePort } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { type ErrorClass, errorOf } from "./error_of.ts";

let server: DatabaseServer | undefined;
let opened: OpenClient | undefined;

function client(): PostgresClient {
  assert(opened !== undefined);
  return opened.client;
}

/** Makes the schema of a test anew, with what it needs. */
async function make(sql: string): Promise<void> {
  await opened?.run("DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s");
  await opened?.run(`SET search_path TO s; ${sql}; SET search_path TO public`);
}

/** The table `s.t` of a new schema. */
async function open(sql: string, options?: Parameters<typeof PostgresTable.open>[2]): Promise<PostgresTable> {
  await make(sql);
  return PostgresTable.open(client(), "s.t", options);
}

function test(name: string, run: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, run);
}

describe("PostgresTable on a server", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    opened = await openPool(server.port);
  });
  after(async () => {
    await opened?.close();
    await server?.stop();
  });

  test("open() reads the columns with their types, and what they are for", async () => {
    const table = await open(`CREATE TABLE t (id SERIAL PRIMARY KEY, title VARCHAR(20) NOT NULL, price NUMERIC(10,2),
      made TIMESTAMPTZ NOT NULL DEFAULT now(), twice INT GENERATED ALWAYS AS (2) STORED)`);
    assert.equal(table.tableName, "s.t");
    assert.equal(table.idField, "id");
    assert.deepEqual(table.titleFields, ["title"]);
    assert.deepEqual(table.columns, [
      { name: "id", type: "integer", flags: ["id"] },
      { name: "title", type: "character varying(20)", flags: ["title", "searchable", "mandatory"] },
      { name: "price", type: "numeric(10,2)", flags: [] },
      { name: "made", type: "timestamp with time zone", flags: [] },
      { name: "twice", type: "integer", flags: ["generated"] },
    ]);
  });

  test("open() refuses what it cannot read, in one clear sentence", async () => {
    await make(
      "CREATE TABLE nokey (a INT); CREATE TABLE pair (a INT, b INT, PRIMARY KEY (a, b)); CREATE VIEW v AS TABLE pair",
    );
    const refused = (name: string, kind: ErrorClass, ...words: string[]): Promise<void> =>
      assert.rejects(PostgresTable.open(client(), name), errorOf(kind, ...words));
    await refused("s.gone", NotFoundError, '"s.gone"');
    await refused("s.nokey", UnsupportedError, "no primary key", "idField");
    await refused("s.v", UnsupportedError, "idField");
    const options = (idField: string): Promise<PostgresTable> => PostgresTable.open(client(), "s.pair", { idField });
    await assert.rejects(options("a"), errorOf(TypeError, "a, b together"));
    await assert.rejects(options("c"), errorOf(TypeError, '"c"', "a, b"));
    for (const name of ["", undefined]) {
      const unnamed = PostgresTable.open(client(), name as string); // A caller without type checks.
      await assert.rejects(unnamed, errorOf(TypeError, "A table has a name"));
    }
    await assert.rejects(
      PostgresTable.open({} as unknown as PostgresClient, "t"), // A caller without type checks.
      errorOf(TypeError, "postgres.js"),
    );
  });

  test("a server that is older than version 14 is refused", async () => {
    await make("CREATE TABLE t (id INT PRIMARY KEY)");
    const pool = client() as PostgresHandle;
    const old: PostgresHandle = {
      query: (text, params) => pool.query(text.replace("current_setting('server_version_num')", "'130021'"), params),
      transaction: () => assert.fail("nothing is written"),
    };
    await assert.rejects(PostgresTable.open(old, "s.t"), errorOf(UnsupportedError, "PostgreSQL 14", "version 13"));
  });

  test("a user without rights is an UnauthorizedError, when opened or when it writes", async () => {
    await make("CREATE TABLE t (id TEXT PRIMARY KEY); CREATE TABLE hidden (id TEXT PRIMARY KEY)");
    await opened?.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
    await opened?.run("GRANT USAGE ON SCHEMA s TO guest; GRANT SELECT ON s.t TO guest");
    const guest = await openPool(server?.port ?? 0, "guest");
    await assert.rejects(PostgresTable.open(guest.client, "s.hidden"), errorOf(UnauthorizedError, "s.hidden"));
    const table = await PostgresTable.open(guest.client, "s.t");
    await assert.rejects(table.insertValue("a", {}), errorOf(UnauthorizedError, "42501"));
    await guest.close();
    await opened?.run("DROP OWNED BY guest; DROP ROLE guest");
  });

  test("a server that is not there is an UnavailableError without effect, and shows no password", async () => {
    const { default: postgres } = await import("postgres");
    const away = postgres(`postgres://marty:secret@127.0.0.1:${await freePort()}/shop`, { max: 1 });
    const error: unknown = await PostgresTable.open(away, "t").catch((error: unknown) => error);
    assert(error instanceof UnavailableError && error.retriable && error.effect === "none");
    assert(!error.message.includes("secret"));
    await away.end();
  });

  test("a connection that is lost while it writes is an unknown outcome", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY);
      CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
      CREATE TRIGGER kill BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION kill()`);
    const error: unknown = await table.insertValue("a", {}).catch((error: unknown) => error);
    assert(error instanceof UnavailableError && error.retriable && error.effect === "unknown", String(error));
    assert.equal(await table.getCount(), 0);
  });

  test("a composite key is its values joined by commas, and escaped", async () => {
    const table = await open("CREATE TABLE t (a TEXT, n INT, name TEXT, PRIMARY KEY (a, n))");
    for (const a of ["x", "x,1", "~", ""]) {
      const id = `${a.replaceAll(/[~,]/g, "~$&").replace(/^~~$/, "~~'~~")},7`;
      assert.deepEqual(await table.insertValue(id, { name: a }), { a, n: 7, name: a });
      assert.deepEqual(await table.getValue(id), { a, n: 7, name: a });
      assert.deepEqual(await table.patchValue(id, { name: "changed" }), { a, n: 7, name: "changed" });
    }
    assert.deepEqual((await table.listValues()).ids().toSorted(), [",7", "x,7", "x~,1,7", "~~'~~,7"]);
    for (const id of ["x", "x,7,7", "x,07", "x,a", "~,7"]) assert.equal(await table.getValue(id), undefined, id);
    await assert.rejects(table.insertValue("x,8", { n: 9 }), errorOf(TypeError, '"n"'));
    assert.equal(await table.insertReturnIdValue({ a: "y", n: 1 }), "y,1");
  });

  test("keys of every type are found by their ids, and by no others", async () => {
    const keys: readonly (readonly [type: string, id: string, alias: string])[] = [
      ["INT8", "9007199254740993", "09007199254740993"],
      ["UUID", "a0000000-0000-4000-8000-00000000000f", "A0000000-0000-4000-8000-00000000000F"],
      ["BOOL", "true", "t"],
      ["BYTEA", "~x00ff", "~x00FF"],
      ["DATE", "2024-02-29", "2024-2-29"],
      ["TIMESTAMP", "2024-02-29T12:00:00.123456", "2024-02-29 12:00:00.123456"],
      ["TIMESTAMPTZ", "2024-02-29T12:00:00.123456Z", "2024-02-29T12:00:00.123456"],
      ["NUMERIC", "1.50", "1.5"],
      ["FLOAT8", "1.5", "1.50"],
      ["CHAR(5)", "ab", "ab "],
      ["VARCHAR(3)", "abc", "abc "],
      ["INET", "10.0.0.1", "10.0.0.1/32"],
      ["MACADDR", "08:00:2b:01:02:03", "08002b:010203"],
    ];
    for (const [type, id, alias] of keys) {
      const table = await open(`CREATE TABLE t (id ${type} PRIMARY KEY, name TEXT)`);
      assert.equal((await table.insertValue(id, { name: "Bun" })).name, "Bun", type);
      assert.deepEqual((await table.listValues()).ids(), [id], type);
      assert.equal((await table.getValue(id))?.name, "Bun", type);
      assert.equal((await table.patchValue(id, { name: "Roll" })).name, "Roll", type);
      assert.equal((await table.replaceValue(id, await table.getValue(id) ?? {})).name, "Roll", type);
      assert.equal(await table.getValue(alias), undefined, `${type} ${alias}`);
      await assert.rejects(table.insertValue(alias, { name: "again" }), RejectedError, `${type} ${alias}`);
      await table.delete(alias);
      assert.equal(await table.getCount(), 1, type);
    }
  });

  test("dates of keys are found whenever they are: infinities, before the first year, after 9999", async () => {
    const times = ["infinity", "-infinity", "0044-03-15T01:02:03.456789 BC", "12345-01-02T00:00:00.000001"];
    const dates = ["infinity", "-infinity", "0044-03-15 BC", "12345-01-02", "0001-01-01"];
    const zoned = times.map((time) => time.replace(/(\.\d+)/, "$1Z"));
    for (const [type, ids] of [["TIMESTAMP", times], ["TIMESTAMPTZ", zoned], ["DATE", dates]] as const) {
      const table = await open(`CREATE TABLE t (at ${type}, id INT, n INT, PRIMARY KEY (id, at))`);
      for (const time of ids) {
        const id = `1,${time}`;
        assert.equal((await table.insertValue(id, { n: 1 }))["n"], 1, id);
        const row = await table.getValue(id);
        assert.equal((await table.replaceValue(id, { ...row, n: 2 }))["n"], 2, id);
        assert.equal((await table.patchValue(id, { n: 3 }))["n"], 3, id);
      }
      assert.deepEqual((await table.listValues()).ids().toSorted(), ids.map((id) => `1,${id}`).toSorted(), type);
      for (const id of ["1,", "1,Infinity", "1,0044-03-15", "1,0000-01-01 BC", "1,012345-01-02"]) {
        assert.equal(await table.getValue(id), undefined, id);
      }
      for (const id of ids) await table.delete(`1,${id}`);
      assert.equal(await table.getCount(), 0, type);
    }
  });

  test("a row is not written over another whose key the collation takes for the same", async () => {
    await make(`CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
      CREATE TABLE t (id TEXT COLLATE blind PRIMARY KEY, n INT);
      CREATE TABLE pair (id VARCHAR(9) COLLATE blind, a INT, n INT, PRIMARY KEY (id, a))`);
    for (const [name, id, other] of [["s.t", "a", "A"], ["s.pair", "a,1", "A,1"]] as const) {
      const table = await PostgresTable.open(client(), name);
      await table.insertValue(id, { n: 1 });
      await assert.rejects(table.insertValue(other, { n: 2 }), errorOf(RejectedError, `"${other}"`));
      await assert.rejects(table.replaceValue(other, { n: 3 }), errorOf(RejectedError, `"${other}"`));
      assert.equal(await table.getValue(other), undefined);
      assert.equal((await table.getValue(id))?.["n"], 1);
      assert.equal((await table.replaceValue(id, { n: 4 }))["n"], 4);
    }
  });

  test("a column whose type is a domain of a domain holds values of the type below", async () => {
    const table = await open(`CREATE DOMAIN cents AS INT; CREATE DOMAIN price AS cents CHECK (VALUE > 0);
      CREATE TABLE t (id INT PRIMARY KEY, price price)`);
    await table.insertValue("1", { price: 9 });
    await table.insertValue("2", { price: 10 });
    assert.deepEqual((await table.where("price", "gt", 8).orderBy("price").listValues()).ids(), ["1", "2"]);
  });

  test("a document of json that jsonb cannot hold is no reason not to compare the others, nor to change it", async () => {
    const table = await open("CREATE TABLE t (id INT PRIMARY KEY, doc JSON)");
    const docs = [
      ...["\\u0000", "\\ud83e", "\\udd50", "\\ud83e\\\\\\udd50", "\\udd50\\ud83e"],
      ...["\\\\u0000", "\\ud83e\\udd50", "\\uD83E\\uDD50", "\\\\\\ud83e\\udd50"],
    ];
    await opened?.run(`INSERT INTO s.t VALUES ${docs.map((doc, at) => `(${at}, $q${at}$["${doc}"]$q${at}$)`).join()}`);
    await opened?.run("INSERT INTO s.t VALUES (20, NULL), (21, 'null'), (22, '[1]')");
    const ids = async (...condition: Condition): Promise<readonly string[]> =>
      (await table.withQuery({ where: [condition] }).listValues()).ids();
    assert.deepEqual(await ids("doc", "isNull"), ["20", "21"]);
    assert.deepEqual(await ids("doc", "eq", [1]), ["22"]);
    assert.deepEqual(await ids("doc", "eq", ["\\u0000"]), ["5"]);
    assert.deepEqual(await ids("doc", "eq", ["\u{1f950}"]), ["6", "7"]);
    assert.deepEqual(await ids("doc", "eq", ["\\\u{1f950}"]), ["8"]);
    assert.equal((await ids("doc", "ne", [1])).length, docs.length + 2);
    for (const [at] of docs.entries()) {
      const doc = at === 0 ? null : [at];
      assert.deepEqual(await table.patchValue(`${at}`, { doc }), { id: at, doc });
    }
  });

  test("microseconds stay where a date is written back as it was read", async () => {
    const table = await open("CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMPTZ, n INT)");
    await opened?.run(
      "INSERT INTO s.t VALUES (1, '2024-01-01 00:00:00.123456+00', 1), (2, '1969-12-31 23:59:59.9999+00', 1)",
    );
    const stored = async (): Promise<unknown> => {
      const rows = await opened?.run(
        "SELECT string_agg(extract(microseconds FROM at)::text, ' ' ORDER BY id) AS us FROM s.t",
      );
      return (rows as { rows: { us: string }[] }).rows[0]?.us;
    };
    const before = await stored();
    for (const [id, row] of await table.listValues()) {
      assert.equal((await table.where("at", "eq", row.at ?? null).listValues()).ids()[0], id);
      await table.replaceValue(id, { ...row, n: 2 });
      await table.patchValue(id, { at: row.at ?? null });
    }
    assert.equal(await stored(), before);
    assert.deepEqual((await table.getValue("2"))?.at, new Date(-1));
    await table.patchValue("1", { at: new Date("2024-01-01T00:00:00.124Z") });
    assert.notEqual(await stored(), before);
  });

  test("numeric is a text with all its digits, or a number by option", async () => {
    const sql =
      "CREATE TABLE t (id INT PRIMARY KEY, price NUMERIC(30,2)); INSERT INTO t VALUES (1, 9.5), (2, 10), (3, 1e20)";
    const exact = await open(sql);
    assert.deepEqual((await exact.listValues()).toArray().map(([, row]) => row.price), [
      "9.50",
      "10.00",
      "100000000000000000000.00",
    ]);
    assert.equal(await exact.where("price", "eq", "9.50").getCount(), 1);
    await assert.rejects(exact.orderBy("price").listValues(), errorOf(UnsupportedError, '"price"'));
    await assert.rejects(exact.where("price", "lt", "10").listValues(), UnsupportedError);
    const near = await PostgresTable.open(client(), "s.t", { numeric: "number" });
    assert.deepEqual((await near.where("price", "lt", 11).orderBy("price", "desc").listValues()).ids(), ["2", "1"]);
    await near.patchValue("3", { price: 0.1 });
    assert.equal((await near.getValue("3"))?.price, 0.1);
  });

  test("values that a column cannot hold are refused, by name, before anything is sent", async () => {
    const table = await open(
      "CREATE TABLE t (id INT PRIMARY KEY, n INT, name TEXT, day DATE, doc JSONB, tags TEXT[], ok BOOL, days DATE[])",
    );
    const refused: readonly (readonly [column: string, value: Parameters<typeof table.patchValue>[1][string]])[] = [
      ["n", "1"],
      ["name", 1],
      ["name", "a\0"],
      ["name", "\ud800"],
      ["day", "2024-01-01"],
      ["doc", 1n],
      ["doc", { at: new Date(0) }],
      ["tags", "a"],
      ["ok", 1],
    ];
    await table.insertValue("1", {});
    for (const [column, value] of refused) {
      await assert.rejects(table.patchValue("1", { [column]: value }), errorOf(TypeError, `"${column}"`));
    }
    await assert.rejects(table.patchValue("1", { day: new Date(1) }), errorOf(RangeError, "midnight"));
    await assert.rejects(table.patchValue("1", { day: new Date(NaN) }), RangeError);
    await assert.rejects(table.patchValue("1", { days: [new Date(1)] }), errorOf(RangeError, '"days"', "midnight"));
    await assert.rejects(table.patchValue("1", { days: [new Date(NaN)] }), errorOf(RangeError, '"days"', "invalid"));
    await assert.rejects(table.patchValue("1", { n: 1.5 }), RejectedError);
    await assert.rejects(table.patchValue("1", { n: 2 ** 40 }), RejectedError);
  });

  test("a constraint that is broken is a ConflictError or a RejectedError, and changes nothing", async () => {
    const table = await open(`CREATE TABLE other (id INT PRIMARY KEY);
      CREATE TABLE t (id INT PRIMARY KEY, code TEXT UNIQUE, n INT NOT NULL CHECK (n > 0), o INT REFERENCES other,
        short VARCHAR(3))`);
    await table.insertValue("1", { code: "a", n: 1 });
    await assert.rejects(table.insertValue("2", { code: "a", n: 1 }), errorOf(ConflictError, "unique"));
    await assert.rejects(table.insertReturnIdValue({ id: 1, n: 1 }), ConflictError);
    for (const row of [{ n: 0 }, {}, { n: 1, o: 7 }, { n: 1, short: "four" }]) {
      const error: unknown = await table.insertValue("2", row).catch((error: unknown) => error);
      assert(error instanceof RejectedError && !error.retriable && error.effect === "none");
    }
    assert.deepEqual((await table.listValues()).ids(), ["1"]);
  });

  test("a row that waits for another's lock too long may be written later", async () => {
    const table = await open("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1)");
    await opened?.run(
      "DROP ROLE IF EXISTS hasty; CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET lock_timeout = 50",
    );
    const hasty = await openPool(server?.port ?? 0, "hasty");
    const late = await PostgresTable.open(hasty.client, "s.t");
    const locked = opened?.run("BEGIN; LOCK TABLE s.t; SELECT pg_sleep(0.4); COMMIT");
    await opened?.run("SELECT pg_sleep(0.1)");
    const error: unknown = await late.patchValue("1", { n: 2 }).catch((error: unknown) => error);
    assert(error instanceof RejectedError && error.retriable && error.effect === "none", String(error));
    await locked;
    await hasty.close();
    assert.equal((await table.getValue("1"))?.n, 1);
  });

  test("a write answers with what is stored after triggers, and is refused where they ignore it", async () => {
    const table = await open(`CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, n INT);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_WHEN = 'AFTER' THEN UPDATE s.t SET n = 5 WHERE id = NEW.id AND n IS NULL; RETURN NULL; END IF;
        IF TG_OP = 'DELETE' THEN IF OLD.name = 'kept' THEN RETURN NULL; END IF; RETURN OLD; END IF;
        IF NEW.name = 'ignored' THEN RETURN NULL; END IF;
        IF NEW.name = 'moved' THEN NEW.id := 'elsewhere'; END IF;
        IF NEW.name = 'raised' THEN RAISE EXCEPTION 'not this one'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION f();
      CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()`);
    assert.deepEqual(await table.insertValue("a", { name: "kept" }), { id: "a", name: "kept", n: 5 });
    for (const name of ["ignored", "moved", "raised"]) {
      await assert.rejects(table.insertValue("b", { name }), RejectedError, name);
      await assert.rejects(table.patchValue("a", { name }), RejectedError, name);
    }
    await assert.rejects(table.delete("a"), errorOf(RejectedError, "ignores"));
    await assert.rejects(table.patchValue("z", { name: "x" }), NotFoundError);
    assert.deepEqual((await table.listValues()).toArray(), [["a", { id: "a", name: "kept", n: 5 }]]);
  });

  test("generated columns can be read, and not written", async () => {
    const table = await open(
      "CREATE TABLE t (id INT PRIMARY KEY, n INT, twice INT GENERATED ALWAYS AS (n * 2) STORED)",
    );
    assert.deepEqual(await table.insertValue("1", { n: 2 }), { id: 1, n: 2, twice: 4 });
    await assert.rejects(table.insertValue("2", { n: 2, twice: 5 }), errorOf(TypeError, '"twice"'));
    assert.deepEqual(await table.replaceValue("1", { n: 3, twice: 6 }), { id: 1, n: 3, twice: 6 });
    assert.equal(await table.getCount(), 1);
  });

  test("columns that are not given get their defaults", async () => {
    const table = await open("CREATE TABLE t (id INT PRIMARY KEY, n INT DEFAULT 7, name TEXT)");
    assert.deepEqual(await table.insertValue("1", {}), { id: 1, n: 7, name: null });
    await table.patchValue("1", { n: 1, name: "x" });
    assert.deepEqual(await table.replaceValue("1", {}), { id: 1, n: 7, name: null });
  });

  test("insertReturnIdValue() takes the id that the row, the caller or the database gives", async () => {
    const uuid = "a0000000-0000-4000-8000-00000000000f";
    for (const type of ["TEXT", "UUID DEFAULT gen_random_uuid()", "UUID"]) {
      const table = await open(`CREATE TABLE t (id ${type} PRIMARY KEY, name TEXT)`);
      for (let time = 0; time < 2; time++) assert.equal(await table.insertReturnIdValue({}, { newId: uuid }), uuid);
      assert.notEqual(await table.insertReturnIdValue({}), await table.insertReturnIdValue({}));
      assert.equal(await table.getCount(), 3);
    }
    for (const type of ["SERIAL", "INT GENERATED ALWAYS AS IDENTITY", "INT8 GENERATED BY DEFAULT AS IDENTITY"]) {
      const table = await open(`CREATE TABLE t (id ${type} PRIMARY KEY, name TEXT)`);
      assert.equal(await table.insertReturnIdValue({ name: "x" }, { newId: uuid }), "1");
      assert.equal((await table.insertValue("9", { name: "y" })).id, 9);
      assert.equal((await table.replaceValue("9", { name: "z" })).name, "z");
    }
    const bare = await open("CREATE TABLE t (id INT PRIMARY KEY)");
    await assert.rejects(bare.insertReturnIdValue({}), RejectedError);
  });

  test("a view can be read, narrowed and paged, and not written", async () => {
    await make("CREATE TABLE b (id INT PRIMARY KEY, n INT); INSERT INTO b VALUES (1, 1), (2, 1), (3, 2)");
    await opened?.run("CREATE VIEW s.t AS SELECT id, n FROM s.b");
    const view = await PostgresTable.open(client(), "s.t", { idField: "id" });
    assert.deepEqual((await view.where("n", "eq", 1).page(2, 1).listValues()).ids(), ["2"]);
    assert.equal(view.capabilities.insert, false);
    await assert.rejects(view.insertValue("4", {}), UnsupportedError);
    const twice = await PostgresTable.open(client(), "s.t", { idField: "n" });
    await assert.rejects(twice.listValues(), errorOf(TableError, "not unique"));
    await assert.rejects(twice.getValue("1"), errorOf(TableError, "not unique"));
    assert.deepEqual(await twice.getValue("2"), { id: 3, n: 2 });
  });

  test("a table without a unique index on its idField keeps its ids unique all the same", async () => {
    const table = await open("CREATE TABLE t (slug TEXT, n INT DEFAULT 7)", { idField: "slug" });
    await table.insertValue("a", { n: 1 });
    assert.deepEqual(await table.insertValue("a", { n: 2 }), { slug: "a", n: 1 });
    assert.deepEqual(await table.replaceValue("a", {}), { slug: "a", n: 7 });
    assert.deepEqual(await table.replaceValue("b", { n: 3 }), { slug: "b", n: 3 });
    assert.equal(await table.getCount(), 2);
  });

  test("writeMany() does what can be done, where a constraint is checked at the end of a transaction", async () => {
    const table = await open(`CREATE TABLE other (id INT PRIMARY KEY);
      CREATE TABLE t (id INT PRIMARY KEY, o INT REFERENCES other DEFERRABLE INITIALLY DEFERRED)`);
    const results = await table.writeMany([1, 2, 3].map((at) => ({
      op: { kind: "insert", id: `${at}`, row: { o: at === 2 ? 9 : null } },
    })));
    assert.deepEqual(results.map((result) => "error" in result), [false, true, false]);
    assert(results[1] !== undefined && "error" in results[1] && results[1].error instanceof RejectedError);
    assert.deepEqual((await table.listValues()).ids(), ["1", "3"]);
  });

  test("names of tables and columns may hold anything", async () => {
    await make(`CREATE TABLE "odd.na""me" (id INT PRIMARY KEY, "v0" INT, "V1" INT, "a b" INT, "it's" INT, "$1" INT)`);
    const table = await PostgresTable.open(client(), 's.odd.na"me');
    const row = { v0: 2, V1: 3, "a b": 4, "it's": 5, $1: 6 };
    assert.deepEqual(await table.insertValue("1", row), { id: 1, ...row });
    for (const [name, value] of Object.entries(row)) {
      assert.equal((await table.where(name, "eq", value).orderBy(name).listValues()).size, 1, name);
    }
  });

  test("thousands of conditions and values are one statement", async () => {
    const table = await open(
      "CREATE TABLE t (id INT PRIMARY KEY, n INT, name TEXT); INSERT INTO t SELECT i, i FROM generate_series(1, 9) i",
    );
    const values = Array.from({ length: 100_000 }, (_, at) => at + 5);
    assert.deepEqual((await table.where("n", "in", values).listValues()).ids(), ["5", "6", "7", "8", "9"]);
    const where = Array.from({ length: 5_000 }, (_, at) => ["n", "ne", at + 3] as const);
    assert.equal(await table.withQuery({ where }).getCount(), 2);
    const texts = Array.from({ length: 10_000 }, (_, at) => ["name", "ne", `bun ${at}`] as const);
    assert.equal(await table.withQuery({ where: texts }).getCount(), 9);
    const many = Array.from({ length: 10_001 }, (_, at) => ["n", "ne", at] as const);
    await assert.rejects(table.withQuery({ where: many }).getCount(), UnsupportedError);
  });

  test("an index on the key serves getValue(), and one on a column its conditions and order", async () => {
    const table = await open(`CREATE TABLE t (id VARCHAR(9) PRIMARY KEY, n INT NOT NULL, at TIMESTAMPTZ);
      INSERT INTO t SELECT i, i, now() FROM generate_series(1, 20000) i; CREATE INDEX ON t (n); CREATE INDEX ON t (at);
      ANALYZE t`);
    const seen: string[] = [];
    const pool = client() as unknown as { // As it was opened.
      query(text: string, params: (string | null)[]): Promise<{ rows: Record<string, string>[] }>;
    };
    const spy: PostgresClient = {
      query: async (text, params) => {
        const plan = text.startsWith("SELECT") && params.length > 0
          ? await pool.query(`EXPLAIN ${text}`, params)
          : { rows: [] };
        seen.push(plan.rows.map((row) => row["QUERY PLAN"]).join("\n"));
        return pool.query(text, params);
      },
      transaction: () => assert.fail("nothing is written"),
    };
    const spied = await PostgresTable.open(spy, "s.t");
    seen.length = 0;
    await spied.getValue("77");
    await spied.where("n", "eq", 7).listValues();
    await spied.where("n", "lt", 7).listValues();
    await spied.orderBy("n").page(1, 10).listValues();
    await spied.where("at", "lt", new Date(0)).listValues();
    for (const plan of seen) assert.match(plan, /Index/);
    assert.equal(seen.length, 5);
    assert.equal(await table.getCount(), 20_000);
  });
});
