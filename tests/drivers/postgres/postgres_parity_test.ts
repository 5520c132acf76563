import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import fc from "fast-check";
import {
  type Column,
  MemTable,
  type Query,
  type Row,
  type TableLike,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { PostgresTable } from "@vantage/live/postgres";
import { type OpenClient, openPool, openPostgresJs } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { apply, arbitraryStep, assertSameAnswer, shownQuery } from "../parity.ts";
import { arbitraryQuery, DATES, DOCUMENTS, FLOATS, heldBy, INTEGERS, LIMITS, TEXTS } from "../sql/arbitrary_sets.ts";

const QUOTED = 'we"ird `name`';

/** The columns, with their types and the values that each can hold and give back as what they were. */
const TYPES: Readonly<Record<string, readonly [type: string, values: readonly Value[]]>> = Object.fromEntries([
  ["name", ["TEXT", TEXTS]],
  [QUOTED, ["VARCHAR(20)", TEXTS]],
  ["v", ["TEXT COLLATE insensitive", TEXTS]],
  ["stock", ["INT8", [...INTEGERS, ...LIMITS]]],
  ["__proto__", ["INT4", [0, 1, 2, 10, -1, 2 ** 31 - 1, -(2 ** 31)]]],
  ["small", ["INT2", [0, 1, 32_767, -32_768]]],
  ["price", ["FLOAT8", [...FLOATS, Infinity, -Infinity, NaN]]],
  ["single", ["FLOAT4", [0, 1.5, Math.fround(0.1), 16_777_216, NaN, -Infinity]]],
  ["exact", ["NUMERIC", ["0", "1.50", "-0.1", "1180591620717411303425", "NaN", "Infinity"]]],
  ["active", ["BOOL", [true, false]]],
  ["at", ["TIMESTAMPTZ", [
    ...DATES,
    ...["-000043-03-15", "0000-06-01", "+012345-06-07"].map((text) => new Date(text)),
  ]]],
  ["until", ["TIMESTAMP", [...DATES, new Date(8.64e15), new Date(-8.64e15)]]],
  ["day", ["DATE", [...DATES.filter((date) => date.getTime() % 86_400_000 === 0), new Date(8.64e15)]]],
  ["raw", ["BYTEA", [new Uint8Array()]]],
  ["uid", ["UUID", ["00000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-00000000000f"]]],
  ["mood", ["mood", ["b", "a", "B", "\u00e9"]]],
  ["code", ["CHAR(4)", ["", "a", "a b", "A", "\u00e9", "it's"]]],
  ["ip", ["INET", ["10.0.0.1", "10.0.0.0/8", "::1"]]],
  ["span", ["INTERVAL", ["P1D", "PT1H2M3.5S", "P1Y2M"]]],
  ["doc", ["JSONB", DOCUMENTS]],
  ["plain", ["JSON", DOCUMENTS]],
  ["tags", ["TEXT[]", [[], ["a"], ['"', "\\", "{}", ",", "NULL", ""], [null], [["a", "b"], ["c", "d"]]]]],
  ["numbers", ["INT8[]", [[], [1, 2], [2, 1], [2n ** 53n + 1n, null]]]],
  ["floats", ["FLOAT8[]", [[1.5, NaN, -Infinity], [0.1]]]],
  ["days", ["DATE[]", [["01.01.2024", "31.12.1969"]]]],
]);
const HELD: Readonly<Record<string, readonly Value[]>> = Object.fromEntries([
  ["id", ["a", "B", "c", "\u00e9", "x'y", ",", "1", "10"]],
  ...Object.entries(TYPES).map(([name, [, values]]) => [name, values]),
]);
const CONTENT = Object.keys(TYPES);
const SEARCHED = ["name", "v"];
const COLUMNS: readonly Column[] = Object.keys(HELD).map((name) => ({
  name,
  flags: SEARCHED.includes(name) ? ["searchable"] : [],
}));
const DOCUMENT_COLUMNS = ["doc", "plain", "tags", "numbers", "floats", "days"];

const query = arbitraryQuery(HELD, (name) => DOCUMENT_COLUMNS.includes(name));
const narrowing = query.map(({ where = [], search }): Query => ({
  // Not every comparison is supported, and the same ones must be left out on both sides.
  where: where.filter(([column]) => column !== "exact"),
  search,
}));
const id = fc.constantFrom(...HELD.id as readonly string[]);
const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(CONTENT.map((name) => [name, heldBy(HELD, name)])),
  { requiredKeys: [] },
).map((drawn) => Object.fromEntries(Object.entries(drawn)) as Row); // No field is undefined there.

const step = arbitraryStep({ id, row, set: narrowing });

const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

describe("PostgresTable is like a MemTable:", () => {
  let server: DatabaseServer | undefined;
  let clients: readonly OpenClient[] = [];

  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres();
    clients = [await openPostgresJs(server.port), await openPool(server.port)];
    await clients[0]?.run(
      "CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    );
    await clients[0]?.run("CREATE TYPE mood AS ENUM ('b', 'a', 'B', '\u00e9')");
    const columns = Object.entries(TYPES).map(([name, [type]]) => `"${name.replaceAll('"', '""')}" ${type}`);
    await clients[0]?.run(`CREATE TABLE t (id TEXT PRIMARY KEY, ${columns.join(", ")})`);
  });
  after(async () => {
    for (const client of clients) await client.close();
    await server?.stop();
  });

  skippable(
    `it holds the same rows in the same order, whatever the query (seed ${seed})`,
    WITHOUT_POSTGRES,
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { maxLength: 8 }),
          fc.array(query, { minLength: 1, maxLength: 6 }),
          async (inserted, queries) => {
            const [postgres, memory] = await openBoth(clients);
            for (const [at, row] of inserted.entries()) {
              for (const table of [postgres, memory]) await table.insertValue(`${(at * 7) % 13}`, row);
            }
            for (const query of queries) await assertAlike(postgres.withQuery(query), memory.withQuery(query));
          },
        ),
        { seed, numRuns: 100 },
      );
    },
  );

  skippable(
    `it answers the same to the same writes, and holds the same afterwards (seed ${seed})`,
    WITHOUT_POSTGRES,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          const [postgres, memory] = await openBoth(clients);
          for (const step of steps) assertSameAnswer(await apply(step, postgres), await apply(step, memory));
          const all: Query = { orderBy: [["id", "asc"]] };
          await assertAlike(postgres.withQuery(all), memory.withQuery(all));
        }),
        { seed, numRuns: 100 },
      );
    },
  );
});

let opened = 0;

/** The empty table through either client, and one in memory. */
async function openBoth(clients: readonly OpenClient[]): Promise<readonly [postgres: TableLike, memory: TableLike]> {
  const client = clients[opened++ % clients.length];
  assert(client !== undefined);
  await client.run("DELETE FROM t");
  const postgres = await PostgresTable.open(client.client, "t", { searchFields: SEARCHED });
  return [postgres, new MemTable("t", { columns: COLUMNS, idField: "id" })];
}

async function assertAlike(postgres: TableLike, memory: TableLike): Promise<void> {
  const expected = await memory.listValues();
  const shown = shownQuery(memory.query);
  const actual = await postgres.listValues().catch((cause: unknown) => {
    if (cause instanceof UnsupportedError && shown.includes("exact")) return undefined;
    throw new Error(shown, { cause });
  });
  if (actual === undefined) return;
  assert.deepEqual(actual.ids(), expected.ids(), shown);
  for (const [id, row] of expected) assertSameAnswer(actual.get(id), row);
  const set = { ...memory.query, orderBy: undefined };
  assert.equal(await postgres.withQuery(set).getCount(), await memory.withQuery(set).getCount(), shown);
  for (const id of ["0", "7", "a"]) {
    assertSameAnswer(await postgres.withQuery(set).getValue(id), await memory.withQuery(set).getValue(id));
  }
}
