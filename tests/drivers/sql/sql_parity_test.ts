import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import fc from "fast-check";
import { type Column, MemTable, type Query, type Row, type Value } from "@vantage/live";
import { SqlQueries } from "@vantage/live/sql";
import { skippable } from "../../skippable.ts";
import { arbitraryQuery, heldBy } from "./arbitrary_sets.ts";
import { type Connection, type Engine, ENGINES, insertOf } from "./engines.ts";

const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
const SEARCHED = ["name"];

for (const engine of ENGINES) {
  describe(`SqlQueries on ${engine.name}`, () => {
    let db: Connection | undefined;
    before(async () => void (db = engine.missing === undefined ? await engine.connect() : undefined));
    after(() => db?.close());

    skippable(`leave the rows that a query leaves in memory (seed ${seed})`, engine.missing, async () => {
      assert(db !== undefined);
      await db.run({ text: `CREATE TABLE t (${engine.create})`, params: [] });
      await assertParity(engine, db);
    });
  });
}

async function assertParity(engine: Engine, db: Connection): Promise<void> {
  const { columns, dialect, held } = engine;
  const queries = new SqlQueries({ dialect, table: "t", columns, key: "id", searchFields: SEARCHED });
  const isDocument = (name: string): boolean => columns.find((column) => column.name === name)?.kind === "document";
  const row = fc.record(
    Object.fromEntries(columns.filter(({ name }) => name !== "id").map(({ name }) => [name, heldBy(held, name)])),
  ).map(withOwnFields);
  const sample = fc.tuple(
    fc.array(row, { maxLength: 12 }),
    fc.array(arbitraryQuery(held, isDocument), { minLength: 1, maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(sample, async ([drawn, asked]) => {
      const rows = drawn.map((row, at): Row => ({ ...row, id: `${(at * 7) % 13}` }));
      await db.run({ text: "DELETE FROM t", params: [] });
      if (rows.length > 0) await db.run(insertOf(rows, engine));
      for (const query of asked) await assertAlike(query, memoryOf(rows, engine), queries, db);
    }),
    { seed, numRuns: 120 },
  );
}

async function assertAlike(query: Query, memory: MemTable, queries: SqlQueries, db: Connection): Promise<void> {
  const expected = await memory.withQuery(query).listValues();
  const shown = JSON.stringify(query, textOf);
  let list: readonly Row[];
  try {
    list = await db.run(queries.list(query));
  } catch (cause) {
    if (cause instanceof Error && cause.name === "UnsupportedError") return;
    throw new Error(`${shown}: ${queries.list(query).text}`, { cause });
  }
  assert.deepEqual(list.map(({ id }) => id), expected.ids(), shown);
  const [counted] = await db.run(queries.count(query));
  assert.equal(Number(counted?.count), await memory.withQuery(query).getCount(), shown);
}

function memoryOf(rows: readonly Row[], { columns }: Engine): MemTable {
  const known: readonly Column[] = columns.map(({ name }) => ({
    name,
    flags: SEARCHED.includes(name) ? ["searchable"] : [],
  }));
  return new MemTable("t", { columns: known, idField: "id", rows: rows.map((row) => [String(row.id), row]) });
}

/** fast-check sets the field `__proto__` by an assignment. */
function withOwnFields(drawn: Record<string, Value>): Row {
  return Object.fromEntries(Object.entries(drawn));
}

function textOf(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
