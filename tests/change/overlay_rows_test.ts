import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Pagination, type Query, type Row, Rows } from "@vantage/live";
import { overlayCount, overlayRows } from "../../src/change/overlay_rows.ts";
import type { RowOp, ShownRowWrite, ShownWrite } from "../../src/change/row_states.ts";
import { RowVersions } from "../../src/change/row_versions.ts";
import { type View, viewOf } from "../../src/change/view.ts";

const BREAD: readonly (readonly [id: string, row: Row])[] = [
  ["a", { name: "Bun", price: 2 }],
  ["b", { name: "Roll", price: 3 }],
];

function view(query: Query, columns: readonly string[] = []): View {
  return viewOf(query, {}, { columns: columns.map((name) => ({ name })), exact: true, sameRows: true });
}

function write(op: RowOp, more: Partial<ShownRowWrite> = {}): ShownRowWrite {
  return { op, isConfirmed: false, isIn: () => true, ...more };
}

/** What a list shows with writes on top; `known` are rows that it lacks. */
function shown(
  query: Query,
  rows: Iterable<readonly [string, Row]>,
  writes: ShownWrite[],
  known: Rows = Rows.from([]),
) {
  const knowledge = { known: (id: string) => known.get(id), sameRows: true, covers: () => false };
  return overlayRows(view(query), Rows.from(rows), writes, knowledge).rows;
}

describe("overlayRows(), on a page", () => {
  const byPrice: Query = { orderBy: [["price", "asc"]] };
  const page = (number: number, query: Query = byPrice): Query => ({ ...query, pagination: new Pagination(number, 2) });
  const pie = (price: number): ShownWrite => write({ kind: "insert", id: "p", row: { name: "Pie", price } });

  it("an inserted row stands between its rows, and pushes the last one out", () => {
    assert.deepEqual(shown(page(1), BREAD, [pie(1)]).ids(), ["p", "a"]);
    assert.deepEqual(shown(page(2), BREAD, [pie(2.5)]).ids(), ["a", "p"]);
  });

  it("one that may belong to another page is not shown: before the first row of a later page, after the last of a full one", () => {
    assert.deepEqual(shown(page(2), BREAD, [pie(1)]).ids(), ["a", "b"]);
    assert.deepEqual(shown(page(1), BREAD, [pie(4)]).ids(), ["a", "b"]);
  });

  it("one at the end of the set is shown on the last page, also without an order, but not on an empty later one", () => {
    const [only] = BREAD;
    assert(only !== undefined);
    for (const query of [byPrice, {}]) {
      assert.deepEqual(shown(page(3, query), [only], [pie(4)]).ids(), ["a", "p"]);
      assert.deepEqual(shown(page(1, query), [], [pie(4)]).ids(), ["p"]);
      assert.deepEqual(shown(page(2, query), [], [pie(4)]).ids(), []);
    }
    assert.deepEqual(shown(page(1, {}), BREAD, [pie(4)]).ids(), ["a", "b"]);
  });

  it("without an order, a row that may exist already is not shown on a later page", () => {
    const [only] = BREAD;
    assert(only !== undefined);
    const replace = write({ kind: "replace", id: "c", row: { name: "Tart", price: 5 } });
    assert.deepEqual(shown(page(2, {}), [only], [replace]).ids(), ["a"]);
    assert.deepEqual(shown(page(1, {}), [only], [replace]).ids(), ["a", "c"]);
  });

  it("a row of which nothing was known is shown by the answer to a patch only if the patch decides its place", () => {
    const answer = { row: { name: "Pie", price: 2 }, over: undefined };
    const patched = (partial: Row) => write({ kind: "patch", id: "p", partial }, { isConfirmed: true, answer });
    assert.deepEqual(shown(page(2), BREAD, [patched({ name: "Pie" })]).ids(), ["a", "b"]);
    assert.deepEqual(shown(page(2), BREAD, [patched({ price: 2 })]).ids(), ["a", "p"]);
  });

  it("what did not fit on the page is shown once there is room, in its order, and marked as before", () => {
    const [only] = BREAD;
    assert(only !== undefined);
    const insert = (id: string, price: number): ShownWrite => write({ kind: "insert", id, row: { price } });
    const full = [insert("p", 4), insert("q", 5)];
    assert.deepEqual(shown(page(1), [only], full).ids(), ["a", "p"]);
    const gap = [...full, write({ kind: "delete", id: "a" }), insert("r", 6)];
    assert.deepEqual(shown(page(1), [only], gap).ids(), ["p", "q"], "q comes before r");
    const pushed = [insert("p", 4), insert("q", 1), write({ kind: "delete", id: "q" }), insert("r", 6)];
    assert.deepEqual(shown(page(1), [only], pushed).ids(), ["a", "p"], "p comes before r");
    assert.deepEqual(shown(page(1), BREAD, [pie(1), write({ kind: "delete", id: "p" })]).ids(), ["a", "b"]);
    const knowledge = { known: () => undefined, sameRows: true, covers: () => false };
    const marked = (writes: readonly ShownWrite[]): readonly string[] => [
      ...overlayRows(view(page(1)), Rows.from([only]), writes, knowledge).unconfirmed,
    ];
    assert.deepEqual([marked(full), marked(gap)], [["p"], ["p", "q"]]);
  });

  it("a deleted row leaves a gap at the end: what comes after it on the next page is not known", () => {
    assert.deepEqual(shown(page(1), BREAD, [write({ kind: "delete", id: "a" })]).ids(), ["b"]);
    assert.deepEqual(shown(page(1), BREAD, [write({ kind: "delete", id: "a" }), pie(4)]).ids(), ["b"]);
  });

  it("a row that moves to another page is not shown any more, and one that moves here is", () => {
    const move = (id: string, price: number): ShownWrite => write({ kind: "patch", id, partial: { price } });
    assert.deepEqual(shown(page(1), BREAD, [move("a", 9)]).ids(), ["b"]);
    const other = Rows.from([["c", { name: "Tart", price: 9 }]]);
    assert.deepEqual(shown(page(1), BREAD, [move("c", 1)], other).ids(), ["c", "a"]);
    assert.deepEqual(shown(page(1), BREAD, [move("c", 1)]).ids(), ["a", "b"], "what it is besides is not known");
  });
});

describe("overlayRows(), with what only the master knows", () => {
  it("a row that is listed though it does not match here stays, whatever is patched", () => {
    const query: Query = { search: "bread" };
    const patch = write({ kind: "patch", id: "a", partial: { price: 9 } });
    assert.deepEqual(shown(query, BREAD, [patch]).get("a"), { name: "Bun", price: 9 });
  });

  it("one that matched, and does not any more, leaves", () => {
    const patch = write({ kind: "patch", id: "a", partial: { name: "Pie" } });
    assert.deepEqual(shown({ search: "bun" }, BREAD.slice(0, 1), [patch]).ids(), []);
  });

  it("all rows of a set are deleted by a write to that set, whatever matches here", () => {
    const clear: ShownWrite = { op: { kind: "deleteAll" }, within: {}, isConfirmed: false, isIn: () => false };
    const known = (): undefined => undefined;
    for (const covers of [true, false]) {
      const { rows } = overlayRows(view({}), Rows.from(BREAD), [clear], {
        known,
        sameRows: true,
        covers: () => covers,
      });
      assert.equal(rows.size, covers ? 0 : 2);
    }
  });

  describe("with the master's answer", () => {
    const row = { name: "Bun", price: 9, changed: true };
    const patched = (over: Row | undefined): ShownWrite =>
      write({ kind: "patch", id: "a", partial: { price: 9 } }, { isConfirmed: true, answer: { row, over } });

    it("shows columns that were not written, too", () => {
      assert.equal(shown({}, BREAD, [patched({ name: "Bun", price: 2 })]).get("a"), row);
    });

    it("keeps the columns that the master makes, in a row that is replaced and is another one by now", () => {
      const replacement = { name: "Bun", price: 9 };
      const replaced = write({ kind: "replace", id: "a", row: replacement }, {
        isConfirmed: true,
        answer: { row: { ...replacement, made: 1 }, over: { name: "Bun", price: 2, made: 1 } },
      });
      const newer = Rows.from([["a", { name: "Bagel", price: 2, made: 1, other: 2 }]]);
      assert.deepEqual(shown({}, newer, [replaced]).get("a"), { ...replacement, made: 1 });
    });

    it("keeps what has come since the write was sent, also that the row is gone", () => {
      const newer = Rows.from([["a", { name: "Bagel", price: 2 }]]);
      assert.deepEqual(shown({}, newer, [patched(BREAD[0]?.[1])]).get("a"), { name: "Bagel", price: 9 });
      assert.deepEqual(shown({}, BREAD.slice(1), [patched(BREAD[0]?.[1])]).ids(), ["b"]);
    });

    it("keeps the columns of a list that has others", () => {
      const knowledge = { known: () => undefined, sameRows: false, covers: () => false };
      const held = Rows.from([["a", { price: 2, shop: "Riga" }]]);
      const { rows } = overlayRows(view({}), held, [patched({ name: "Bun", price: 2 })], knowledge);
      assert.deepEqual(rows.get("a"), { price: 9, shop: "Riga" });
    });

    it("shows what an insertion has found, with the columns that it named", () => {
      const knowledge = { known: () => undefined, sameRows: false, covers: () => false };
      const over = { price: 2, shop: "Riga" };
      const insert = write({ kind: "insert", id: "a", row: { price: 5, organic: true } }, {
        isConfirmed: true,
        answer: { row: { price: 9, organic: false, name: "Bun" }, over },
      });
      const { rows } = overlayRows(view({}), Rows.from([["a", over]]), [insert], knowledge);
      assert.deepEqual(rows.get("a"), { price: 9, shop: "Riga", organic: false });
    });
  });

  it("an answer that is older than what is held is not shown", () => {
    const answer = { name: "Bun", price: 9, version: 4 };
    const patch = write({ kind: "patch", id: "a", partial: { price: 9 } }, {
      isConfirmed: true,
      answer: { row: answer, over: undefined },
    });
    const versions = new RowVersions((row) => row.version, assert.ifError);
    const knowledge = { known: () => undefined, sameRows: true, covers: () => false, versions };
    for (const version of [3, 5]) {
      const held = Rows.from([["a", { name: "Bun", price: 1, version }]]);
      const { rows } = overlayRows(view({}), held, [patch], knowledge);
      assert.equal(rows.get("a")?.price, version === 5 ? 1 : 9);
    }
  });

  it("a patch through a set that the row is not in does nothing", () => {
    const patch = write({ kind: "patch", id: "a", partial: { price: 9 } }, { isIn: () => false });
    const rows = Rows.from(BREAD);
    assert.equal(
      overlayRows(view({}), rows, [patch], { known: () => undefined, sameRows: true, covers: () => false }).rows,
      rows,
    );
  });
});

describe("overlayCount()", () => {
  it("of rows that are not known, new ones count, and patches and deletions do not", () => {
    const knowledge = { known: () => undefined, sameRows: true, covers: () => false };
    const count = (...ops: RowOp[]): number => overlayCount(view({}), 5, ops.map((op) => write(op)), knowledge);
    assert.equal(count({ kind: "insert", id: "p", row: {} }), 6);
    assert.equal(count({ kind: "replace", id: "p", row: {} }), 6);
    assert.equal(count({ kind: "patch", id: "p", partial: {} }), 5);
    assert.equal(count({ kind: "delete", id: "p" }), 5);
    assert.equal(count({ kind: "insert", id: "p", row: {} }, { kind: "delete", id: "p" }), 5);
  });
});
