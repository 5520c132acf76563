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
import { SurrealTable } from "@vantage/live/surrealdb";
import { DateTime, Decimal, Duration, GeometryPoint, RecordId, type Surreal, Uuid } from "surrealdb";
import { SurrealServer, WITHOUT_SURREAL } from "../../databases/surreal_server.ts";
import { skippable } from "../../skippable.ts";
import { apply, arbitraryStep, assertSameAnswer, shownQuery } from "../parity.ts";
import { arbitraryQuery, DATES, DOCUMENTS, FLOATS, heldBy, INTEGERS, LIMITS, TEXTS } from "../sql/arbitrary_sets.ts";

const QUOTED = "we`ird \\na.me";
const UUID = "a0000000-0000-4000-8000-00000000000f";
/** Without one whose key is an array or an object: its text has no place in an order, see docs/surrealdb.md. */
const LINKS = ["t:a", "t:5", "t:~'5", "u b:x`y", `t:u'${UUID}'`];

/** The columns of a table with a schema, with the values that each holds and gives back as what they were. */
const TYPES: Readonly<Record<string, readonly [type: string, values: readonly Value[]]>> = {
  name: ["string", TEXTS],
  [QUOTED]: ["string", TEXTS],
  stock: ["int", [...INTEGERS, ...LIMITS]],
  price: ["float", [...FLOATS, Infinity, -Infinity, NaN]],
  exact: ["decimal", ["0", "1.5", "-0.1", "79228162514264337593543950335", "10"]],
  active: ["bool", [true, false]],
  at: ["datetime", [...DATES, ...["-000043-03-15", "0000-06-01", "+012345-06-07"].map((text) => new Date(text))]],
  raw: ["bytes", [new Uint8Array()]],
  uid: ["uuid", [UUID, "00000000-0000-4000-8000-000000000001"]],
  span: ["duration", ["1d", "1h30m", "10s", "0ns"]],
  link: ["record<t | `u b`>", LINKS],
  shape: ["geometry<point>", [{ type: "Point", coordinates: [1, 2.5] }, { type: "Point", coordinates: [-0.1, 1e-7] }]],
  tags: ["array<string>", [[], ["a"], ["a", "b"], ['"', "\\", "NULL"]]],
  links: ["array<record>", [[], LINKS.slice(0, 3)]],
  doc: ["any", DOCUMENTS],
};
const HELD: Readonly<Record<string, readonly Value[]>> = {
  id: ["a", "B", "\u00e9", "x'y", ",", "~'1", 1, 10],
  ...Object.fromEntries(Object.entries(TYPES).map(([name, [, values]]) => [name, values])),
};
const DOCUMENT_COLUMNS = ["shape", "tags", "links", "doc"];
const SEARCHED = ["name", QUOTED];
const COLUMNS: readonly Column[] = Object.keys(HELD).map((name) => ({
  name,
  flags: SEARCHED.includes(name) ? ["searchable"] : [],
}));

/** What a column without a type holds: each value as the client sends it. */
const MIXED: readonly unknown[] = [
  null,
  ...[
    true,
    false,
    0,
    1,
    2.5,
    -1,
    NaN,
    Infinity,
    2n ** 53n + 1n,
    "",
    "a",
    "A",
    "1",
    "1.5",
    "10",
    "1h",
    "t:a",
    "\u{1f950}",
  ],
  ...[new Date(0), new DateTime("1969-12-31T23:59:59.999999999Z"), new DateTime("2024-01-01T00:00:00.123456Z")],
  ...[new Uint8Array([1]), new Uint8Array(), new Decimal("1.5"), new Decimal("10"), new Decimal("1")],
  ...[new Duration("1h"), new Duration("90m"), new Uuid(UUID), new RecordId("t", "a"), new RecordId("t", "5")],
  ...[new RecordId("t", 5), new RecordId("t", new Uuid(UUID)), new GeometryPoint([1, 2])],
  ...[[], [1, "a"], ["t:a"], [new RecordId("t", "a")], new Set([1, 2]), {}, { a: "1.5" }, { a: new Decimal("1.5") }],
  ...[{ a: 1 }, { a: 1, b: null }, { type: "Point", coordinates: [1, 2] }, { a: [{ b: new Date(0) }] }],
];
const MIXED_COLUMNS = ["a", "b", "we`ird"];

const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

describe("SurrealTable is like a MemTable:", () => {
  let server: SurrealServer | undefined;
  let db: Surreal;
  before(async () => {
    if (WITHOUT_SURREAL !== undefined) return;
    server = await SurrealServer.start();
    db = await server.connect();
    const fields = Object.entries(TYPES).map(([name, [type]]) => {
      const quoted = name.replaceAll("\\", "\\\\").replaceAll("`", "\\`");
      return `DEFINE FIELD \`${quoted}\` ON typed TYPE ${type === "any" ? "any" : `option<${type}>`};`;
    });
    await db.query(`DEFINE TABLE typed SCHEMAFULL; ${fields.join(" ")} DEFINE INDEX names ON typed FIELDS name;`);
    await db.query("DEFINE TABLE open SCHEMALESS; DEFINE INDEX as ON open FIELDS a; DEFINE TABLE plain SCHEMALESS");
  });
  after(async () => {
    await db?.close();
    await server?.stop();
  });

  skippable(
    `with a schema, it holds the same rows in the same order, whatever the query (seed ${seed})`,
    WITHOUT_SURREAL,
    async () => {
      const query = arbitraryQuery(HELD, (name) => DOCUMENT_COLUMNS.includes(name));
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.array(query, { maxLength: 6 }), async (rows, queries) => {
          await db.query("DELETE typed");
          const surreal = await SurrealTable.open(db, "typed", { searchFields: SEARCHED });
          const ids = (HELD["id"] ?? []).map(String);
          for (const [at, row] of rows.entries()) await surreal.insertValue(ids[at] ?? "", row);
          const memory = await inMemory(surreal, COLUMNS);
          for (const query of queries) await assertAlike(surreal.withQuery(query), memory.withQuery(query));
        }),
        { seed, numRuns: 30 },
      );
    },
  );

  for (const decimals of ["text", "number"] as const) {
    skippable(
      `without a schema, decimals as a ${decimals}, it compares all values as they are read (seed ${seed})`,
      WITHOUT_SURREAL,
      async () => {
        const surreal = await SurrealTable.open(db, "open", { decimals });
        const held = await heldValues(db, decimals);
        const columns = Object.fromEntries(MIXED_COLUMNS.map((name) => [name, held]));
        const query = arbitraryQuery({ id: HELD["id"] ?? [], ...columns }, () => false);
        await fc.assert(
          fc.asyncProperty(
            fc.array(mixed, { maxLength: 10 }),
            fc.array(query, { maxLength: 6 }),
            async (rows, queries) => {
              await db.query("DELETE open");
              const records = rows.map((row, at) => ({ id: new RecordId("open", KEYS[at] as string), ...row }));
              await db.query("INSERT INTO open $records", { records });
              const memory = await inMemory(surreal, []);
              for (const query of queries) await assertAlike(surreal.withQuery(query), memory.withQuery(query));
            },
          ),
          { seed, numRuns: 50 },
        );
      },
    );
  }

  for (const name of ["typed", "plain"]) {
    skippable(
      `${name}: it answers the same to the same writes, and holds the same afterwards (seed ${seed})`,
      WITHOUT_SURREAL,
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
            await db.query(`DELETE ${name}`);
            const surreal = await SurrealTable.open(db, name, { searchFields: SEARCHED });
            const memory = new MemTable(name, { columns: COLUMNS, idField: "id" });
            for (const step of steps) assertSameRow(await apply(step, surreal), await apply(step, memory));
            const all: Query = { orderBy: [["id", "asc"]] };
            await assertAlike(surreal.withQuery(all), memory.withQuery(all));
          }),
          { seed, numRuns: 30 },
        );
      },
    );
  }
});

const content = Object.keys(TYPES);
/** Where no type says that it is an integer, 2^53 is read as a number. */
const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(content.map((name) => [name, heldBy(HELD, name).filter((value) => value !== 2n ** 53n)])),
  { requiredKeys: [] },
).map((drawn) => Object.fromEntries(Object.entries(drawn)) as Row); // No field is undefined there.

const id = fc.constantFrom("a", "B", "~'1", "\u00e9");
const narrowing = arbitraryQuery(HELD, (name) => DOCUMENT_COLUMNS.includes(name)).map((
  { where = [], search },
): Query => ({
  // Not every comparison is supported, and the same ones must be left out on both sides.
  where: where.filter(([column]) => column !== "exact"),
  search,
}));
const step = arbitraryStep({ id, row, set: narrowing });

/** Keys of each kind. */
const KEYS: readonly unknown[] = ["a", 1, "5", 10, new Uuid(UUID), ["x", 1], "~", "b", { k: "v" }, -3];

const mixed = fc.record(
  Object.fromEntries(MIXED_COLUMNS.map((name) => [name, fc.constantFrom(...MIXED)])),
  { requiredKeys: [] },
);

/** What the mixed values are read as. */
async function heldValues(db: Surreal, decimals: "text" | "number"): Promise<readonly Value[]> {
  await db.query("REMOVE TABLE IF EXISTS held; DEFINE TABLE held");
  for (const value of MIXED) await db.query("CREATE held SET v = $value", { value });
  const rows = await (await SurrealTable.open(db, "held", { decimals })).listValues();
  return [...rows.values()].flatMap(({ v }) => v === undefined || v === null ? [] : [v]);
}

/** A table in memory with the same rows, in the same order. */
async function inMemory(table: TableLike, columns: readonly Column[]): Promise<TableLike> {
  return new MemTable("t", { columns, rows: [...await table.listValues()] });
}

async function assertAlike(surreal: TableLike, memory: TableLike): Promise<void> {
  const expected = await memory.listValues();
  const shown = shownQuery(memory.query);
  const actual = await surreal.listValues().catch((cause: unknown) => {
    if (cause instanceof UnsupportedError && isRefusable(memory.query, expected.values())) return undefined;
    throw new Error(shown, { cause });
  });
  if (actual !== undefined) {
    assert.deepEqual(actual.ids(), expected.ids(), shown);
    for (const [id, row] of expected) assertSameRow(actual.get(id), row);
  }
  const set = { ...memory.query, orderBy: undefined };
  if (isRefusable(set, [])) return;
  assert.equal(await surreal.withQuery(set).getCount(), await memory.withQuery(set).getCount(), shown);
  for (const id of ["0", "1", "a", "~'5"]) {
    assertSameRow(await surreal.withQuery(set).getValue(id), await memory.withQuery(set).getValue(id));
  }
}

/** Whether it compares or orders by decimals, or orders documents. */
function isRefusable({ where = [], orderBy = [] }: Query, rows: Iterable<Row>): boolean {
  if (where.some(([column, operator]) => column === "exact" && /^[gl]te?$/.test(operator))) return true;
  if (orderBy.some(([column]) => column === "exact")) return true;
  return [...rows].some((row) => orderBy.some(([column]) => isDocument(row[column] ?? null)));
}

function isDocument(value: Value): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
}

/** The same answer. Only the rows of the database hold their id. */
function assertSameRow(actual: Row | string | void, expected: Row | string | void): void {
  const isRow = typeof actual === "object" && typeof expected === "object";
  assertSameAnswer(actual, isRow ? { id: actual["id"] ?? null, ...expected } : expected);
}
