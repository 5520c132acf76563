import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { type Column, MemTable, type Query, type Row, sameRow, type TableLike, type Value } from "@vantage/live";
import { DenoKvTable } from "@vantage/live/deno-kv";
import { apply, arbitraryStep } from "../parity.ts";
import { arbitraryQuery, DATES, DOCUMENTS, FLOATS, heldBy, INTEGERS, LIMITS, TEXTS } from "../sql/arbitrary_sets.ts";
import { kvIt } from "./deno_kv_fixture.ts";

/** What each column may hold: values of all kinds in one of them. */
const HELD: Readonly<Record<string, readonly Value[]>> = Object.fromEntries([
  ["id", ["a", "B", "c", "\u00e9", "a\ue000", "\u{1f950}", "\0", "", "1", "10", "a/b"]],
  ["name", [...TEXTS, "x".repeat(300), `${"x".repeat(300)}y`, "\ud800", "\udc00"]],
  ["__proto__", [...FLOATS, ...INTEGERS, ...LIMITS, NaN, Infinity, -Infinity]],
  ["at", [...DATES, new Date(NaN)]],
  ["raw", [new Uint8Array(), Uint8Array.of(1, 2), Uint8Array.of(255)]],
  ["doc", DOCUMENTS],
  ["any", [null, true, false, "1", 1, 1n, "true", new Date(1), Uint8Array.of(1), [1], { a: 1n }]],
]);
const CONTENT = Object.keys(HELD).filter((name) => name !== "id");
const COLUMNS: readonly Column[] = Object.keys(HELD).map((name) => ({
  name,
  flags: name === "name" ? ["searchable"] : [],
}));

const query = arbitraryQuery(HELD, (name) => ["doc", "any"].includes(name));
const narrowing = query.map(({ where, search }): Query => ({ where, search }));
const id = fc.constantFrom(...HELD.id as readonly string[]);
const row: fc.Arbitrary<Row> = fc.record(
  Object.fromEntries(CONTENT.map((name) => [name, heldBy(HELD, name)])),
  { requiredKeys: [] },
).map((drawn) => Object.fromEntries(Object.entries(drawn)) as Row); // No field is undefined there.

const step = arbitraryStep({ id, row, set: narrowing });

const [seed = 0] = crypto.getRandomValues(new Int32Array(1));

describe("DenoKvTable, with indexes and without, is like a MemTable:", () => {
  kvIt(`it answers the same to the same writes and queries (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (steps, queries) => {
          using kv = await Deno.openKv(":memory:");
          const memory = new MemTable("t", { columns: COLUMNS, idField: "id" });
          const common = { columns: COLUMNS, idField: "id" };
          const plain = await DenoKvTable.open(kv, ["plain", "t"], common);
          const indexed = await DenoKvTable.open(kv, ["indexed", "t"], { ...common, indexes: CONTENT });
          for (const step of steps) {
            const expected = await apply(step, memory);
            for (const table of [plain, indexed]) assertSame(await apply(step, table), expected);
          }
          for (const query of [{ orderBy: [["id", "asc"]] } satisfies Query, ...queries]) {
            for (const table of [plain, indexed]) await assertAlike(table.withQuery(query), memory.withQuery(query));
          }
        },
      ),
      { seed, numRuns: 100 },
    );
  });
});

async function assertAlike(kv: TableLike, memory: TableLike): Promise<void> {
  const [actual, expected] = [await kv.listValues(), await memory.listValues()];
  assert.deepEqual(actual.ids(), expected.ids());
  for (const [id, row] of expected) assertSame(actual.get(id), row);
  const set = { ...memory.query, orderBy: undefined };
  assert.equal(await kv.withQuery(set).getCount(), await memory.withQuery(set).getCount());
  for (const id of ["a", "\0", ""]) {
    assertSame(await kv.withQuery(set).getValue(id), await memory.withQuery(set).getValue(id));
  }
}

function assertSame(actual: Row | string | void, expected: Row | string | void): void {
  if (typeof actual === "object" && typeof expected === "object" && sameRow(actual, expected)) return;
  assert.deepEqual(actual, expected);
}
