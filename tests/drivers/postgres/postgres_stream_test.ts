import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import fc from "fast-check";
import type { Query, Row, RowEntry, TableLike } from "@vantage/live";
import { PostgresTable } from "@vantage/live/postgres";
import { type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { GatedClient } from "./gated_client.ts";

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;

function opened(): OpenClient {
  assert(pool !== undefined);
  return pool;
}

function run(sql: string): Promise<unknown> {
  return opened().run(sql);
}

async function all<R extends object>(table: TableLike<R>): Promise<RowEntry<R>[]> {
  const entries: RowEntry<R>[] = [];
  const reader = table.streamValues().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return entries;
    entries.push(value);
  }
}

function test(name: string, body: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, body);
}

/** Columns with values of which many are equal, each with expressions for the values of a row. */
const COLUMNS: Readonly<Record<string, readonly [type: string, values: readonly string[]]>> = {
  n: ["INT", ["NULL", "1", "2", "-3"]],
  required: ["INT NOT NULL", ["0", "7"]],
  big: ["INT8", ["NULL", "9007199254740993", "9007199254740992"]],
  f: ["FLOAT8", ["NULL", "'NaN'", "'-Infinity'", "0.1", "1e-300", "1::float8/3", "'-0'"]],
  g: ["FLOAT4", ["NULL", "0.1", "16777217", "'Infinity'"]],
  name: ["TEXT", ["NULL", "''", "'a'", "'B'", "'\u00e9'", "'a,b'"]],
  folded: ["TEXT COLLATE insensitive", ["'a'", "'A'", "'\u00e9'"]],
  code: ["CHAR(4)", ["NULL", "'a'", "'a '", "'B'"]],
  uid: ["UUID", ["NULL", "'a0000000-0000-4000-8000-00000000000f'", "'00000000-0000-4000-8000-000000000001'"]],
  ok: ["BOOL", ["NULL", "TRUE", "FALSE"]],
  at: ["TIMESTAMPTZ", [
    ...["NULL", "'infinity'", "'-infinity'", "'2024-02-29 12:00:00.123456+00'", "'2024-02-29 12:00:00.123457+00'"],
    ...["'0044-03-15 12:00:00+00 BC'", "'12345-06-07 00:00:00+00'"],
  ]],
  until: ["TIMESTAMP", ["NULL", "'infinity'", "'2024-02-29 12:00:00.000001'", "'0044-03-15 BC'"]],
  day: ["DATE", ["NULL", "'-infinity'", "'2024-02-29'::date", "'0044-03-15 BC'::date"]],
  raw: ["BYTEA", ["NULL", "'\\x'", "'\\x00ff5c'", "'\\x41'"]],
  mood: ["mood", ["NULL", "'b'", "'a'"]],
  span: ["INTERVAL", ["NULL", "'1 mon'", "'30 days'", "'-1 day +02:03'"]],
};
const ORDERED = Object.keys(COLUMNS);
const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

describe("PostgresTable.streamValues()", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    pool = await openPool(server.port);
    await run("CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
    await run("CREATE TYPE mood AS ENUM ('b', 'a')");
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  test(`and deep pages give the same rows in the same order as listValues(), whatever the order (seed ${seed})`, async () => {
    const columns = Object.entries(COLUMNS).map(([name, [type]]) => `${name} ${type}`);
    await run(`CREATE TABLE t (id TEXT COLLATE "en-x-icu", k INT, ${columns.join(", ")}, PRIMARY KEY (k, id))`);
    const values = Object.values(COLUMNS).map(([, values], at) => {
      const cases = values.map((value, index) => `WHEN ${index} THEN ${value}`).join(" ");
      return `CASE (i * ${at * 2 + 7} / ${at + 1}) % ${values.length} ${cases} END`;
    });
    const casts = Object.values(COLUMNS).map(([type], at) => `(${values[at]})::${type.split(" ")[0]}`);
    // Parts of the key, too, are the same in many rows.
    await run(`INSERT INTO t SELECT CASE i % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'B' ELSE '\u00e9' END || i / 50, i % 40,
      ${casts.join(", ")} FROM generate_series(1, 2600) i`);
    const table = await PostgresTable.open(opened().client, "t");
    const orderBy = fc.array(
      fc.tuple(fc.constantFrom(...ORDERED, "id", "k"), fc.constantFrom("asc" as const, "desc" as const)),
      { maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(orderBy, fc.boolean(), async (orderBy, isNarrowed) => {
        const query: Query = { orderBy, ...(isNarrowed && { where: [["n", "ne", 1]] }) };
        const narrowed = table.withQuery(query);
        const listed = (await narrowed.listValues()).toArray();
        assert.deepEqual(await all(narrowed), listed);
        // Of pages that skip many rows, too.
        for (const [page, size] of [[1, 1_000], [2, 1_000], [12, 100], [40, 50], [99, 100]] as const) {
          const rows = await narrowed.page(page, size).listValues();
          assert.deepEqual(rows.toArray(), listed.slice((page - 1) * size, page * size), `page ${page} of ${size}`);
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  test("holds a thousand rows at a time, and reads nothing before it is asked", async () => {
    await run(
      "DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 3500)",
    );
    const statements: string[] = [];
    const { client } = opened();
    const counted = new GatedClient(client, (text) => statements.push(text));
    const table = await PostgresTable.open<Row & { id: number }>(counted, "t");
    statements.length = 0;
    const reader = table.streamValues().getReader();
    assert.equal(statements.length, 0);
    for (let id = 1; id <= 1001; id++) assert.deepEqual((await reader.read()).value, [String(id), { id }]);
    assert.equal(statements.length, 2);
    await reader.cancel();
    assert.equal((await all(table)).length, 3500);
    assert.equal(statements.length, 6);
  });

  test("skips and repeats no row while others come and go", async () => {
    await run(
      "DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t SELECT i * 2, 0 FROM generate_series(1, 3000) i",
    );
    const table = await PostgresTable.open<Row & { id: number }>(opened().client, "t");
    const reader = table.streamValues().getReader();
    const ids: number[] = [];
    for (let read = 0; read < 1500; read++) ids.push((await reader.read()).value?.[1].id ?? 0);
    await run(
      "INSERT INTO t SELECT i * 2 + 1, 0 FROM generate_series(1, 1000) i; DELETE FROM t WHERE id IN (2, 4, 5000, 6000)",
    );
    for (let next = await reader.read(); !next.done; next = await reader.read()) ids.push(next.value[1].id);
    const expected = Array.from({ length: 3000 }, (_, at) => at * 2 + 2).filter((id) => id !== 5000 && id !== 6000);
    assert.deepEqual(ids.filter((id) => id % 2 === 0), expected);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("ends when its signal is aborted, and fails as a list does", async () => {
    await run(
      "DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1500)",
    );
    const table = await PostgresTable.open(opened().client, "t");
    const controller = new AbortController();
    const reader = table.streamValues({ signal: controller.signal }).getReader();
    await reader.read();
    controller.abort(new Error("enough"));
    const rest = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    await assert.rejects(rest(), /enough/);
    await assert.rejects(
      table.streamValues({ signal: AbortSignal.abort(new Error("before")) }).getReader().read(),
      /before/,
    );
    const gone = table.streamValues().getReader();
    await run("DROP TABLE t");
    await assert.rejects(gone.read(), { code: "not_found" });
  });

  test("reads a page, and a table whose key is not unique, as a list", async () => {
    await run(
      "DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY, slug TEXT UNIQUE); INSERT INTO t SELECT i, i FROM generate_series(1, 30) i",
    );
    const table = await PostgresTable.open(opened().client, "t");
    const page = table.page(2, 10);
    assert.deepEqual(await all(page), (await page.listValues()).toArray());
    // Several rows may have none.
    const slugs = await PostgresTable.open(opened().client, "t", { idField: "slug" });
    assert.equal((await all(slugs)).length, 30);
  });
});
