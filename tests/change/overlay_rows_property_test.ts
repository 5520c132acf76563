import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { MemTable, NotFoundError, Pagination, type Query, type Row, Rows, type Value } from "@vantage/live";
import { overlayCount, overlayRows, RowsOverlay } from "../../src/change/overlay_rows.ts";
import type { RowOp, ShownWrite } from "../../src/change/row_states.ts";
import { type Part, type View, viewOf } from "../../src/change/view.ts";
import { compareRows, rowMatcher } from "../../src/table/evaluate_query.ts";
import { isNarrowed } from "../../src/table/query.ts";

const RUNS = 4_000;
const COLUMNS = [{ name: "id" }, { name: "city", flags: ["searchable"] as const }, { name: "n" }, { name: "v" }];
const IDS = ["a", "b", "c", "d", "e", "f", "g", "h"];

interface Write {
  readonly kind: RowOp["kind"] | "deleteAll";
  readonly id: string;
  readonly row: Row;
  readonly touches: readonly string[];
  readonly within: Query;
}

interface Case {
  readonly before: readonly Row[];
  readonly set: Query;
  readonly writes: readonly Write[];
}

const city = fc.constantFrom<Value>("riga", "oslo", "bonn", null);
const n = fc.constantFrom<Value>(0, 1, 2, 3, null, "1");
const where = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Query>({}) },
  city.map((value): Query => ({ where: [["city", "eq", value]] })),
  fc.constant<Query>({ where: [["n", "gt", 0]] }),
  fc.constant<Query>({ where: [["n", "gt", 0], ["city", "ne", null]] }),
  fc.constant<Query>({ search: "o" }),
);
const row = (id: fc.Arbitrary<string>): fc.Arbitrary<Row> =>
  fc.record({ id, city, n, v: fc.nat(9) }, { noNullPrototype: true });
const id = fc.constantFrom(...IDS);

const write: fc.Arbitrary<Write> = id.chain((id) =>
  fc.record({
    kind: fc.constantFrom(...(["insert", "replace", "patch", "patch", "patch", "delete", "deleteAll"] as const)),
    id: fc.constant(id),
    row: row(fc.constant(id)),
    touches: fc.subarray(["city", "n", "v"]),
    within: where,
  })
);

const cases: fc.Arbitrary<Case> = fc.record({
  before: fc.uniqueArray(row(id), { selector: (row) => row.id, maxLength: IDS.length }),
  set: where,
  writes: fc.array(write, { maxLength: 6 }),
});

/** No two rows have the same place in it. */
const ORDER: Query["orderBy"] = [["n", "desc"], ["id", "asc"]];

/** What the master holds before and after the writes, and what is shown of it meanwhile. */
async function play({ before, writes }: Case): Promise<{ readonly before: MemTable; readonly after: MemTable }> {
  const rows = before.map((row) => [String(row.id), row] as const);
  const table = (): MemTable => new MemTable("t", { rows, columns: COLUMNS, idField: "id" });
  const after = table();
  for (const write of writes) await apply(write, after).catch(onlyMissing);
  return { before: table(), after };
}

async function apply({ kind, id, row, touches, within }: Write, table: MemTable): Promise<unknown> {
  switch (kind) {
    case "insert":
      return await table.insertValue(id, row);
    case "replace":
      return await table.replaceValue(id, row);
    case "patch":
      return await table.withQuery(within).patchValue(id, partOf(row, touches));
    case "delete":
      return await table.withQuery(within).delete(id);
    case "deleteAll":
      return await table.withQuery(within).deleteAll();
    default:
      return kind satisfies never;
  }
}

function onlyMissing(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}

function partOf(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
}

function shownAs({ kind, id, row, touches, within }: Write): ShownWrite {
  const isIn = rowMatcher(within, COLUMNS);
  if (kind === "deleteAll") return { op: { kind }, within, isConfirmed: false, isIn };
  const op: RowOp = kind === "patch"
    ? { kind, id, partial: partOf(row, touches) }
    : kind === "delete"
    ? { kind, id }
    : { kind, id, row };
  return { op, isConfirmed: false, isIn };
}

function view(query: Query, part: Part = {}): View {
  return viewOf(query, part, { columns: COLUMNS, exact: true, sameRows: true });
}

/** Everything that the master held is known. */
function knowledge(before: Rows, set: Query) {
  return {
    known: (id: string) => before.get(id),
    sameRows: true,
    covers: ({ within }: { readonly within: Query }) =>
      !isNarrowed(within) || JSON.stringify(within) === JSON.stringify(set),
  };
}

function isRun(part: readonly string[], whole: readonly string[]): boolean {
  const first = part.length === 0 ? 0 : whole.indexOf(part[0] ?? "");
  return first >= 0 && part.every((id, index) => whole[first + index] === id);
}

async function always(check: (subject: Case) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, check), { numRuns: RUNS });
}

describe("overlayRows()", () => {
  it("shows of a list with an order what the master answers after the writes", async () => {
    await always(async (subject) => {
      const query = { ...subject.set, orderBy: ORDER };
      const { before, after } = await play(subject);
      const held = await before.withQuery(query).listValues();
      const all = await before.listValues();
      const { rows } = overlayRows(view(query), held, subject.writes.map(shownAs), knowledge(all, subject.set));
      assert.deepEqual(rows.toArray(), (await after.withQuery(query).listValues()).toArray());
    });
  });

  it("shows of a list with ties the same rows, in an order that is right", async () => {
    await always(async (subject) => {
      const orderBy: Query["orderBy"] = [["n", "asc"]];
      const query = { ...subject.set, orderBy };
      const { before, after } = await play(subject);
      const held = await before.withQuery(query).listValues();
      const all = await before.listValues();
      const { rows } = overlayRows(view(query), held, subject.writes.map(shownAs), knowledge(all, subject.set));
      const expected = await after.withQuery(query).listValues();
      assert.deepEqual(new Map(rows), new Map(expected));
      const shown = [...rows.values()];
      shown.forEach((row, index) => assert(index === 0 || compareRows(shown[index - 1] ?? row, row, orderBy) <= 0));
    });
  });

  it("shows of a list without an order the same rows, and those that were there keep theirs", async () => {
    await always(async (subject) => {
      const { before, after } = await play(subject);
      const held = await before.withQuery(subject.set).listValues();
      const all = await before.listValues();
      const { rows } = overlayRows(view(subject.set), held, subject.writes.map(shownAs), knowledge(all, subject.set));
      const expected = await after.withQuery(subject.set).listValues();
      assert.deepEqual(new Map(rows), new Map(expected));
      if (!isNarrowed(subject.set)) assert.deepEqual(rows.ids(), expected.ids());
    });
  });

  it("shows of a page rows that follow each other in the set, and of the first page those that it begins with", async () => {
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (subject, page, size) => {
          const whole = { ...subject.set, orderBy: ORDER };
          const query = { ...whole, pagination: new Pagination(page, size) };
          const { before, after } = await play(subject);
          const held = await before.withQuery(query).listValues();
          const all = await before.listValues();
          const { rows } = overlayRows(view(query), held, subject.writes.map(shownAs), knowledge(all, subject.set));
          const expected = await after.withQuery(whole).listValues();
          assert(rows.size <= size);
          for (const [id, row] of rows) assert.deepEqual(row, expected.get(id));
          assert(isRun(rows.ids(), expected.ids()), `${rows.ids()} of ${expected.ids()}`);
          if (page === 1) assert.deepEqual(rows.ids(), expected.ids().slice(0, rows.size));
          const isWhole = page === 1 && held.size < size &&
            subject.writes.every(({ kind }) => kind !== "delete" && kind !== "deleteAll");
          if (isWhole) assert.equal(rows.size, Math.min(expected.size, size));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("shows of one row what the master answers after the writes", async () => {
    await always(async (subject) => {
      const { before, after } = await play(subject);
      const all = await before.listValues();
      for (const id of IDS) {
        const held = await before.withQuery(subject.set).getValue(id);
        const rows = Rows.from(held === undefined ? [] : [[id, held]]);
        const shown = overlayRows(
          view(subject.set, { id }),
          rows,
          subject.writes.map(shownAs),
          knowledge(all, subject.set),
        );
        assert.deepEqual(shown.rows.get(id), await after.withQuery(subject.set).getValue(id));
      }
    });
  });

  it("invents no row: where none but the rows of the list is known, all that it shows is true", async () => {
    await always(async (subject) => {
      const { before, after } = await play(subject);
      const query = { ...subject.set, orderBy: ORDER };
      const held = await before.withQuery(query).listValues();
      const all = await before.listValues();
      // An insert of a row that exists, but is not known, is shown as it is.
      const isKnown = ({ kind, id }: Write): boolean => kind !== "insert" || held.has(id) || !all.has(id);
      if (!subject.writes.every(isKnown)) return;
      const { rows } = overlayRows(view(query), held, subject.writes.map(shownAs), knowledge(held, subject.set));
      const expected = await after.withQuery(query).listValues();
      for (const [id, row] of rows) assert.deepEqual(row, expected.get(id));
      for (const id of expected.ids()) {
        assert(rows.has(id) || (!held.has(id) && all.has(id)), `lacks ${id}, which was not outside before`);
      }
    });
  });

  it("shows the same if the writes come one by one, and changes nothing that was shown before", async () => {
    await always(async (subject) => {
      const all = await (await play(subject)).before.listValues();
      const query = { ...subject.set, orderBy: ORDER, pagination: new Pagination(1, 3) };
      const held = await (await play(subject)).before.withQuery(query).listValues();
      const writes = subject.writes.map(shownAs);
      const overlay = new RowsOverlay(view(query), held, knowledge(all, subject.set));
      const shown = writes.map((write) => overlay.add([write]).rows);
      for (const [index, rows] of shown.entries()) {
        const some = writes.slice(0, index + 1);
        const { rows: expected } = overlayRows(view(query), held, some, knowledge(all, subject.set));
        assert.deepEqual(rows.toArray(), expected.toArray());
      }
    });
  });

  it("keeps the identity of rows that no write concerns, and of all if none does; marks what is shown of writes", async () => {
    await always(async (subject) => {
      const { before } = await play(subject);
      const held = await before.withQuery(subject.set).listValues();
      const all = await before.listValues();
      const writes = subject.writes.map(shownAs);
      const { rows, unconfirmed } = overlayRows(view(subject.set), held, writes, knowledge(all, subject.set));
      const written = new Set(subject.writes.map(({ id }) => id));
      for (const [id, row] of rows) if (!written.has(id)) assert.equal(row, held.get(id));
      for (const id of unconfirmed) assert(written.has(id) && rows.has(id));
      for (const id of rows.keys()) assert(unconfirmed.has(id) || rows.get(id) === held.get(id));
      assert.equal(overlayRows(view(subject.set), held, [], knowledge(all, subject.set)).rows, held);
    });
  });
});

describe("overlayCount()", () => {
  it("is what the master counts after the writes, unless they delete a part of the set", async () => {
    await always(async (subject) => {
      const known = knowledge(await (await play(subject)).before.listValues(), subject.set);
      const writes = subject.writes.map(shownAs);
      if (writes.some((write) => "within" in write && !known.covers(write))) return;
      const { before, after } = await play(subject);
      const count = await before.withQuery(subject.set).getCount();
      const shown = overlayCount(view(subject.set, { isCount: true }), count, writes, known);
      assert.equal(shown, await after.withQuery(subject.set).getCount());
    });
  });
});
