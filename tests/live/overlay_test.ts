import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { MemTable, type Query, type Row, Rows } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { viewOf } from "../../src/change/view.ts";
import { Master } from "../../src/live/master.ts";
import { Overlay } from "../../src/live/overlay.ts";
import { PendingWrites } from "../../src/live/pending_writes.ts";
import { ShownWrites } from "../../src/live/shown_writes.ts";
import { BAKERY } from "./fixture.ts";

const master = new Master(new MemTable("t", { rows: BAKERY }));
const bakery = Rows.from(BAKERY);

function overlayOver(
  rowNow: (id: string) => Row | undefined = () => undefined,
  knowledge: () => number = () => NaN,
): Overlay {
  return new Overlay({ master, rowNow, knowledge, versions: undefined, masterLagMs: 0, clock: new FakeClock() });
}

describe("Overlay", () => {
  it("TanStack/db#921: a write that is accepted twice, as when its queue is loaded again, is shown once", () => {
    const overlay = overlayOver();
    const op = { kind: "insertReturnId", row: { name: "Pie" } } as const;
    const write = { id: "w", acceptedAt: 0, op, within: {}, rowId: "made" };
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

  it("shows a write that an earlier process has left below those that were accepted before it was found", () => {
    const overlay = overlayOver();
    const request = { within: {}, id: undefined };
    const accept = (id: string, acceptedAt: number): void =>
      overlay.accepted({ id, acceptedAt, op: { kind: "patch", id: "a", partial: { by: id } }, within: {}, rowId: "a" });
    for (const [id, acceptedAt] of [["new", 5], ["newer", 6], ["left", 2], ["left later", 3], ["newest", 6]] as const) {
      accept(id, acceptedAt);
      assert.equal(overlay.show(request, bakery).rows.get("a")?.by, id.startsWith("left") ? "newer" : id);
    }
    for (const id of ["newest", "newer", "new", "left later"]) overlay.failed(id, false);
    assert.equal(overlay.show(request, bakery).rows.get("a")?.by, "left");
  });

  it("shows the newest that is known of a row that enters a view", () => {
    let known: Row = { name: "Pie", price: 1 };
    const overlay = overlayOver((id) => id === "p" ? known : undefined);
    const request = { within: { where: [["price", "gt", 4]] } satisfies Query, id: undefined };
    overlay.accepted({
      id: "w",
      acceptedAt: 0,
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
      overlay.accepted({ id, acceptedAt: 0, op: { kind: "patch", id, partial: { price: 9 } }, within: {}, rowId: id });
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
      overlay.accepted({ id, acceptedAt: 0, op: { kind: "replace", id, row: { price: n } }, within: {}, rowId: id });
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
      overlay.accepted({ id, acceptedAt: 0, op: { kind: "insert", id, row: {} }, within: {}, rowId: id });
      overlay.answered(id, {});
      overlay.recorded(id);
    }
    const { size } = overlay.complete({ within: {}, id: undefined }, Rows.from([]), reading);
    assert(size <= 10_000 && size >= 9_000, String(size));
    overlay.end(reading);
  });
});

describe("PendingWrites.concerning()", () => {
  const writes = new ShownWrites(master);
  const patch = (id: string, row: string, price: number) => {
    const op = { kind: "patch", id: row, partial: { price } } as const;
    const write = { id, acceptedAt: 0, op, within: {}, rowId: row };
    return { write, shown: writes.of(write) };
  };
  const view = viewOf({}, {}, { columns: [], exact: true, sameRows: true });

  it("answers with those to the rows of a view, in the order in which they were accepted, also once they were changed", () => {
    const pending = new PendingWrites();
    for (const [index, row] of ["a", "x", "y", "a", "z", "b"].entries()) pending.set(patch(`w${index}`, row, index));
    pending.set(patch("w0", "a", 10));
    const found = pending.concerning(view, bakery);
    assert.deepEqual(found.map(({ op }) => op.kind === "patch" && op.partial.price), [10, 3, 5]);
    for (let index = 0; index < 6; index++) pending.delete(`w${index}`);
    assert.equal(pending.size, 0);
    assert.deepEqual(pending.concerning(view, bakery), []);
  });

  it("tells one column with a space in its name from two columns", () => {
    const cheap = viewOf({ where: [["price", "lt", 2]] }, {}, { columns: [], exact: true, sameRows: true });
    const pending = new PendingWrites();
    for (const [id, partial] of [["x", { "name price": 1 }], ["a", { name: "Bun", price: 1 }]] as const) {
      const write = { id, acceptedAt: 0, op: { kind: "patch", id, partial }, within: {}, rowId: id } as const;
      pending.set({ write, shown: writes.of(write) });
    }
    const found = pending.concerning(cheap, Rows.from([]));
    assert.deepEqual(found.map(({ op }) => "id" in op && op.id), ["a"]);
  });
});
