import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { MemTable, type Query, type Row, Rows } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { viewOf } from "../../src/change/view.ts";
import { Master } from "../../src/live/master.ts";
import { Overlay } from "../../src/live/overlay.ts";
import { PendingWrites } from "../../src/live/pending_writes.ts";
import type { Reading } from "../../src/live/recorded_writes.ts";
import { type PendingOp, ShownWrites } from "../../src/live/shown_writes.ts";
import { RowIds } from "../../src/queue/row_ids.ts";
import { BAKERY } from "./fixture.ts";

const master = new Master(new MemTable("t", { rows: BAKERY }));
const bakery = Rows.from(BAKERY);

function overlayOver(
  rowNow: (id: string) => Row | undefined = () => undefined,
  knowledge: () => number = () => NaN,
): Overlay {
  return new Overlay({
    master,
    rowIds: new RowIds(),
    rowNow,
    knowledge,
    versions: undefined,
    masterLagMs: 0,
    clock: new FakeClock(),
  });
}

describe("Overlay", () => {
  it("TanStack/db#921: a write that is accepted twice, as when its queue is loaded again, is shown once", () => {
    const overlay = overlayOver();
    const op = { kind: "insertReturnId", row: { name: "Pie" } } as const;
    const write = { id: "w", position: undefined, op, within: {}, rowId: "made" };
    const request = { within: {}, id: undefined };
    overlay.accepted(write);
    overlay.accepted(write);
    assert.deepEqual(overlay.show(request, bakery).rows.ids(), ["a", "b", "c", "made"]);
    assert.deepEqual([...overlay.show(request, bakery).pending], ["made"]);
    overlay.answered("w", "made");
    overlay.accepted(write);
    assert.deepEqual([...overlay.show(request, bakery).pending], []);
    overlay.recorded("w");
    overlay.recorded("w");
    overlay.failed("w", true);
    assert(overlay.isIdle);
    assert.equal(overlay.show(request, bakery).rows, bakery);
  });

  it("shows writes in the order of their positions, as where one of another process is found later", () => {
    const overlay = overlayOver();
    const request = { within: {}, id: undefined };
    const accept = (id: string, position: number | undefined): void =>
      overlay.accepted({ id, position, op: { kind: "patch", id: "a", partial: { by: id } }, within: {}, rowId: "a" });
    for (const [id, position] of [["new", 5], ["newer", 6], ["left", 2], ["left later", 3], ["newest", 7]] as const) {
      accept(id, position);
      assert.equal(overlay.show(request, bakery).rows.get("a")?.by, id.startsWith("left") ? "newer" : id);
    }
    for (const id of ["newest", "newer", "new", "left later"]) overlay.failed(id, false);
    assert.equal(overlay.show(request, bakery).rows.get("a")?.by, "left");
  });

  it("adds no write to the answer of a read that has a later one of its row already, as far as the master's answer tells", () => {
    const request = { within: {}, id: undefined };
    for (const isCleared of [false, true]) {
      const overlay = overlayOver();
      const write = (id: string, op: PendingOp["op"], answer: Row | undefined): void => {
        overlay.accepted({ id, position: undefined, op, within: {}, rowId: "id" in op ? op.id : undefined });
        overlay.answered(id, answer);
        overlay.recorded(id);
      };
      const reading = overlay.begin();
      write("first", { kind: "patch", id: "a", partial: { price: 8 } }, undefined); // What it has made of the row is not known.
      if (isCleared) write("clear", { kind: "deleteAll" }, undefined);
      write("second", { kind: "insert", id: "a", row: { name: "Bun", price: 7 } }, { name: "Bun", price: 9 });
      const read = Rows.from([["a", { name: "Bun", price: 9 }]]);
      assert.deepEqual(overlay.complete(request, read, reading).get("a"), { name: "Bun", price: 9 });
      overlay.end(reading);
    }
  });

  it("shows a write that could not be stored above those that were accepted before, and below those after", () => {
    const overlay = overlayOver();
    const request = { within: {}, id: undefined };
    const accept = (id: string, position: number | undefined): void =>
      overlay.accepted({ id, position, op: { kind: "patch", id: "a", partial: { by: id } }, within: {}, rowId: "a" });
    for (const [id, position] of [["first", 5], ["unstored", undefined], ["last", 7], ["found", 6]] as const) {
      accept(id, position);
    }
    for (const id of ["last", "found", "unstored", "first"]) {
      assert.equal(overlay.show(request, bakery).rows.get("a")?.by, id);
      overlay.failed(id, false);
    }
  });

  describe("where a write is recorded before an earlier one of its row", () => {
    const request = { within: {}, id: undefined };
    const patch = (id: string, row: string, partial: Row): PendingOp => (
      { id, position: undefined, op: { kind: "patch", id: row, partial }, within: {}, rowId: row }
    );
    /** Two writes of a row, of which the later one is recorded, and a read that began before. */
    function overtaken() {
      const overlay = overlayOver();
      const reading = overlay.begin();
      overlay.accepted(patch("first", "a", { by: "first", price: 7 }));
      overlay.accepted(patch("second", "a", { by: "second" }));
      overlay.answered("second", undefined);
      overlay.recorded("second");
      return { overlay, reading, later: overlay.begin() };
    }
    const row = (overlay: Overlay, reading: Reading, rows = bakery): Row | undefined =>
      overlay.show(request, overlay.complete(request, rows, reading)).rows.get("a");

    it("shows the earlier one below it, until that has settled", () => {
      const { overlay, reading, later } = overtaken();
      for (const each of [reading, later]) {
        assert.deepEqual(row(overlay, each), { name: "Bun", price: 7, by: "second" });
      }
      assert.deepEqual([...overlay.show(request, bakery).pending], ["a"]);
      overlay.answered("first", undefined);
      assert.deepEqual(row(overlay, later), { name: "Bun", price: 7, by: "second" });
    });

    it("completes all reads with both that began before the earlier one was recorded", () => {
      const { overlay, reading, later } = overtaken();
      overlay.answered("first", undefined);
      overlay.recorded("first");
      for (const each of [reading, later]) {
        assert.deepEqual(row(overlay, each), { name: "Bun", price: 7, by: "second" });
        overlay.end(each);
      }
      assert(overlay.isIdle);
      assert.equal(row(overlay, overlay.begin()), bakery.get("a"));
    });

    it("gives both to those who watch, in order", () => {
      const { overlay } = overtaken();
      let rows = bakery;
      overlay.onChange((recorded) => void (rows = overlay.add(request, rows, recorded)));
      overlay.recorded("first");
      assert.deepEqual(rows.get("a"), { name: "Bun", price: 7, by: "second" });
    });

    it("completes reads that began before the later one was recorded with that one alone, once the earlier one is refused", () => {
      const { overlay, reading, later } = overtaken();
      overlay.failed("first", false);
      assert.deepEqual(row(overlay, reading), { name: "Bun", price: 2, by: "second" });
      assert.equal(row(overlay, later), bakery.get("a"));
      overlay.end(reading);
      overlay.end(later);
      assert(overlay.isIdle);
    });

    it("completes reads with both that began before the outcome of the earlier one became unknown", () => {
      const { overlay, later } = overtaken();
      overlay.doubted("first");
      const last = overlay.begin();
      overlay.failed("first", true);
      assert.deepEqual(row(overlay, later), { name: "Bun", price: 7, by: "second" });
      assert.equal(later.isInDoubt, true);
      assert.equal(row(overlay, last), bakery.get("a"));
    });

    it("does not take the later one back, whatever is reported of it then", () => {
      const { overlay, reading } = overtaken();
      overlay.recorded("second");
      overlay.doubted("second");
      overlay.failed("second", false);
      assert.equal(row(overlay, reading)?.by, "second");
      overlay.failed("first", false);
      assert.equal(row(overlay, reading)?.by, "second");
    });

    it("holds what comes after a deletion of all rows, and that for what comes before it", () => {
      const overlay = overlayOver();
      overlay.accepted(patch("first", "a", { by: "first" }));
      const clear = {
        id: "clear",
        position: undefined,
        op: { kind: "deleteAll" },
        within: {},
        rowId: undefined,
      } as const;
      overlay.accepted(clear);
      const made = { kind: "insert", id: "new", row: { name: "Pie" } } as const;
      overlay.accepted({ id: "made", position: undefined, op: made, within: {}, rowId: "new" });
      const reading = overlay.begin();
      for (const id of ["made", "clear"]) {
        overlay.recorded(id);
        assert.deepEqual(overlay.show(request, bakery).rows.ids(), ["new"]);
      }
      overlay.recorded("first");
      assert.deepEqual(overlay.complete(request, bakery, reading).ids(), ["new"]);
      assert.equal(overlay.show(request, bakery).rows, bakery);
    });

    it("lets each go once, also if a listener takes another write back meanwhile", () => {
      const { overlay, reading } = overtaken();
      overlay.accepted(patch("third", "a", { by: "third" }));
      overlay.recorded("third");
      overlay.accepted(patch("other", "b", { by: "other" }));
      overlay.onChange(() => overlay.failed("other", false));
      overlay.recorded("first");
      assert.equal(row(overlay, reading)?.by, "third");
    });

    it("holds no more of them than a bound", () => {
      const overlay = overlayOver();
      overlay.accepted(patch("first", "a", { by: "first" }));
      for (let n = 0; n < 1_001; n++) {
        const columns = n === 0 ? { price: 7 } : n === 1 ? { sold: 1 } : {};
        overlay.accepted(patch(`w${n}`, "a", { ...columns, by: `w${n}` }));
        overlay.recorded(`w${n}`);
      }
      assert.deepEqual(overlay.show(request, bakery).rows.get("a"), { name: "Bun", price: 2, sold: 1, by: "w1000" });
      overlay.failed("first", false);
      assert(overlay.isIdle);
    });
  });

  it("shows the newest that is known of a row that enters a view", () => {
    let known: Row = { name: "Pie", price: 1 };
    const overlay = overlayOver((id) => id === "p" ? known : undefined);
    const request = { within: { where: [["price", "gt", 4]] } satisfies Query, id: undefined };
    overlay.accepted({
      id: "w",
      position: undefined,
      op: { kind: "patch", id: "p", partial: { price: 9 } },
      within: {},
      rowId: "p",
    });
    const tarts = Rows.from(BAKERY.slice(2));
    assert.deepEqual(overlay.show(request, tarts).rows.get("p"), { name: "Pie", price: 9 });
    assert.equal(overlay.show(request, tarts).rows, overlay.show(request, tarts).rows);
    known = { name: "Apple pie", price: 1 };
    assert.deepEqual(overlay.show(request, tarts).rows.get("p"), { name: "Apple pie", price: 9 });
  });

  it("looks again at what is known of rows only where that may have changed, so that a hit costs no look at each of them", () => {
    let [looks, knowledge] = [0, 0];
    const overlay = overlayOver(() => void looks++, () => knowledge);
    const request = { within: { where: [["price", "gt", 4]] } satisfies Query, id: undefined };
    for (const id of ["x", "y", "z"]) {
      overlay.accepted({
        id,
        position: undefined,
        op: { kind: "patch", id, partial: { price: 9 } },
        within: {},
        rowId: id,
      });
    }
    const rows = Rows.from(BAKERY.slice(2));
    const before = overlay.show(request, rows);
    assert.equal(looks, 3);
    for (let hit = 0; hit < 10; hit++) assert.equal(overlay.show(request, rows), before);
    assert.equal(looks, 3);
    knowledge++;
    overlay.show(request, rows);
    assert.equal(looks, 6);
  });

  it("shows a write that is accepted without replaying those before it", () => {
    let looks = 0;
    const overlay = overlayOver(() => void looks++, () => 0);
    const request = {
      within: { where: [["price", "gt", 4]], orderBy: [["price", "desc"]] } satisfies Query,
      id: undefined,
    };
    for (let n = 0; n < 100; n++) {
      const id = `p${n}`;
      const before = overlay.show(request, bakery);
      overlay.accepted({
        id,
        position: undefined,
        op: { kind: "replace", id, row: { price: n } },
        within: {},
        rowId: id,
      });
      assert.equal(before.rows.has(id), false);
      assert.equal(overlay.show(request, bakery).rows.has(id), n > 4);
    }
    assert.deepEqual(overlay.show(request, bakery).rows.ids().slice(0, 2), ["p99", "p98"]);
    assert.equal(looks, 100);
  });

  it("keeps no more recorded writes than a bound while a read hangs", () => {
    const overlay = overlayOver();
    const reading = overlay.begin();
    for (let n = 0; n < 10_500; n++) {
      const id = String(n);
      overlay.accepted({ id, position: undefined, op: { kind: "insert", id, row: {} }, within: {}, rowId: id });
      overlay.answered(id, {});
      overlay.recorded(id);
    }
    const { size } = overlay.complete({ within: {}, id: undefined }, Rows.from([]), reading);
    assert(size <= 10_000 && size >= 9_000, String(size));
    overlay.end(reading);
  });
});

describe("PendingWrites.concerning()", () => {
  const writes = new ShownWrites(master, new RowIds());
  const patch = (id: string, row: string, price: number) => {
    const op = { kind: "patch", id: row, partial: { price } } as const;
    const write = { id, position: undefined, op, within: {}, rowId: row };
    return { write, shown: writes.of(write) };
  };
  const view = viewOf({}, {}, { columns: [], exact: true, sameRows: true });

  it("answers with those to the rows of a view, in order, also once they were changed", () => {
    const pending = new PendingWrites();
    for (const [index, row] of ["a", "x", "y", "a", "z", "b"].entries()) pending.set(patch(`w${index}`, row, index));
    pending.set(patch("w0", "a", 10));
    const found = pending.concerning(view, bakery);
    assert.deepEqual(found.map(({ op }) => op.kind === "patch" && op.partial.price), [10, 3, 5]);
    for (let index = 0; index < 6; index++) pending.delete(`w${index}`);
    assert.equal(pending.size, 0);
    assert.deepEqual(pending.concerning(view, bakery), []);
  });

  it("keeps the order of the writes to a row that gets another id", () => {
    const pending = new PendingWrites();
    const [made, later] = [patch("w1", "made", 1), patch("w2", "a", 2)];
    for (const write of [made, later]) pending.set(write);
    assert.equal(pending.isBehind("w2"), false);
    pending.set({ ...made, shown: patch("w1", "a", 1).shown });
    assert.deepEqual(pending.ofRow("a").map(({ write }) => write.id), ["w1", "w2"]);
    assert.deepEqual([pending.isBehind("w1"), pending.isBehind("w2")], [false, true]);
    pending.set({ ...made, shown: patch("w1", "a", 3).shown });
    assert.equal(pending.isBehind("w2"), true);
  });

  it("tells one column with a space in its name from two columns", () => {
    const cheap = viewOf({ where: [["price", "lt", 2]] }, {}, { columns: [], exact: true, sameRows: true });
    const pending = new PendingWrites();
    for (const [id, partial] of [["x", { "name price": 1 }], ["a", { name: "Bun", price: 1 }]] as const) {
      const write = { id, position: undefined, op: { kind: "patch", id, partial }, within: {}, rowId: id } as const;
      pending.set({ write, shown: writes.of(write) });
    }
    const found = pending.concerning(cheap, Rows.from([]));
    assert.deepEqual(found.map(({ op }) => "id" in op && op.id), ["a"]);
  });
});
