import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { after, before, describe } from "node:test";
import pg from "pg";
import postgresJs from "postgres";
import { ConflictError, RejectedError, type Row, UnavailableError } from "@vantage/live";
import { type PostgresClient, type PostgresHandle, PostgresTable } from "@vantage/live/postgres";
import { CLIENTS, type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { databaseOf } from "../../../src/drivers/postgres/postgres_database.ts";
import { skippable } from "../../skippable.ts";

/** A row with every type that clients like to convert. */
const ROW: Row = {
  id: "1",
  big: 2n ** 62n,
  exact: "1.50",
  at: new Date("2024-02-29T12:00:00.123Z"),
  day: new Date("2024-02-29"),
  raw: new Uint8Array([0, 255, 92]),
  doc: { a: [1, null, "x"] },
  tags: ["a,b", null, '"'],
  snake_case: "kept",
  __typename: "kept",
};
const CREATE =
  `CREATE TABLE t (id TEXT PRIMARY KEY, big INT8, exact NUMERIC, at TIMESTAMPTZ, day DATE, raw BYTEA, doc JSONB,
  tags TEXT[], snake_case TEXT UNIQUE, __typename TEXT CHECK (__typename <> ''))`;

let server: DatabaseServer | undefined;
let admin: OpenClient | undefined;

async function tableOf(client: PostgresClient, run: OpenClient["run"] | undefined): Promise<PostgresTable> {
  await run?.("DROP TABLE IF EXISTS t");
  await run?.(CREATE);
  return PostgresTable.open(client, "t");
}

describe("A PostgresTable through", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    admin = await openPool(server.port);
  });
  after(async () => {
    await admin?.close();
    await server?.stop();
  });

  for (const kind of CLIENTS) {
    const missing = kind.missing ?? (kind.isEmbedded ? undefined : WITHOUT_POSTGRES);

    skippable(`${kind.name} reads what it wrote, and knows errors by their codes`, missing, async () => {
      const opened = await kind.open(server?.port ?? 0);
      const table = await tableOf(opened.client, opened.run);
      assert.deepEqual(await table.insertValue("1", ROW), ROW);
      assert.deepEqual(await table.getValue("1"), ROW);
      await assert.rejects(table.insertValue("2", { snake_case: "kept" }), ConflictError);
      await assert.rejects(table.insertValue("2", { __typename: "" }), RejectedError);
      const results = await table.writeMany([
        { op: { kind: "insert", id: "3", row: { snake_case: "kept" } } },
        { op: { kind: "insert", id: "4", row: { snake_case: "other" } } },
      ]);
      assert.deepEqual(results.map((result) => "error" in result && result.error instanceof ConflictError), [
        true,
        false,
      ]);
      assert.deepEqual((await table.listValues()).ids(), ["1", "4"]);
      await opened.close();
    });

    const away = kind.isEmbedded ? "it has no connection" : missing;
    skippable(`${kind.name} reports a connection that is lost as an unknown outcome, and goes on`, away, async () => {
      const opened = await kind.open(server?.port ?? 0);
      const table = await tableOf(opened.client, admin?.run);
      await admin?.run(`CREATE OR REPLACE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF NEW.id = ''kill'' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END'`);
      await admin?.run("CREATE TRIGGER kill BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION kill()");
      const error: unknown = await table.insertValue("kill", {}).catch((error: unknown) => error);
      assert(error instanceof UnavailableError && error.effect === "unknown" && error.retriable, String(error));
      if (kind.name !== "a Client of pg") assert.equal(await table.getCount(), 0);
      await opened.close();
    });
  }

  skippable("pg with parsers of types of its own reads the same", WITHOUT_POSTGRES, async () => {
    const types = { getTypeParser: () => () => "parsed" } as unknown as pg.CustomTypesConfig; // Only what is called.
    const client = new pg.Pool({
      host: "127.0.0.1",
      port: server?.port,
      user: "postgres",
      database: "postgres",
      types,
    });
    client.on("error", () => {});
    // Texts are parsed too: a client that changes these cannot be used.
    await assert.rejects(PostgresTable.open(client, "t"));
    await client.end();
    const usual = [20, 1184].map((type) => [type, pg.types.getTypeParser(type)] as const);
    pg.types.setTypeParser(20, Number);
    pg.types.setTypeParser(1184, () => "never");
    const numbers = await openPool(server?.port ?? 0);
    const table = await tableOf(numbers.client, admin?.run);
    assert.deepEqual(await table.insertValue("1", ROW), ROW);
    for (const [type, parser] of usual) pg.types.setTypeParser(type, parser);
    await numbers.close();
  });

  skippable("postgres.js that renames columns and prepares nothing reads the same", WITHOUT_POSTGRES, async () => {
    const options = { transform: postgresJs.camel, prepare: false, onnotice: () => {} };
    const client = postgresJs({
      host: "127.0.0.1",
      port: server?.port ?? 0,
      user: "postgres",
      database: "postgres",
      ...options,
    });
    const table = await tableOf(client, admin?.run);
    assert.deepEqual(await table.insertValue("1", ROW), ROW);
    assert.equal(await table.where("snake_case", "eq", "kept").getCount(), 1);
    await client.end();
  });

  skippable("several clients at once inserts a row once, whichever comes first", WITHOUT_POSTGRES, async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openPool(server?.port ?? 0)));
    const first = await tableOf(opened[0]?.client as PostgresClient, admin?.run); // There are three.
    const tables = await Promise.all(opened.map(({ client }) => PostgresTable.open(client, "t")));
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(tables.map((table, at) => table.insertValue(`${round}`, { exact: `${at}` })));
      for (const answer of answers) assert.deepEqual(answer, await first.getValue(`${round}`));
      const ids = await Promise.all(tables.map((table) => table.insertReturnIdValue({}, { newId: `new ${round}` })));
      assert.deepEqual(new Set(ids), new Set([`new ${round}`]));
      await Promise.all(tables.map((table, at) => table.replaceValue(`${round}`, { exact: `${at}` })));
    }
    assert.equal(await first.getCount(), 40);
    for (const { close } of opened) await close();
  });

  skippable("a pool listens to the end of a connection for as long as it may come", undefined, async () => {
    const broken = new EventEmitter();
    const released: unknown[] = [];
    const client = Object.assign(broken, {
      query: () => Promise.reject(Object.assign(new Error("lost"), { code: "57P01" })),
      release: (isBroken?: boolean) => released.push([isBroken, broken.listenerCount("error")]),
    });
    const pool = { totalCount: 1, query: () => Promise.resolve([]), connect: () => Promise.resolve(client) };
    await assert.rejects(databaseOf(pool).atomically(() => Promise.resolve()), { code: "57P01" });
    assert.deepEqual(released, [[true, 1]]);
    client.query = () => Promise.resolve([]) as never; // No statement has rows.
    await databaseOf(pool).atomically(() => Promise.resolve());
    assert.deepEqual(released[1], [false, 1]);
  });

  skippable("a handle that answers with anything but rows is a TypeError", undefined, async () => {
    const handle = { query: () => Promise.resolve("rows"), transaction: () => assert.fail("not used") };
    await assert.rejects(PostgresTable.open(handle as unknown as PostgresHandle, "t"), TypeError);
  });
});
