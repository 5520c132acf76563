import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Pagination, type Query, Rows } from "@vantage/live";
import type { LiveEvent } from "../../src/stream/live_event.ts";
import { fillHoles, replay, type Replayed } from "../../src/change/replay.ts";
import { type View, viewOf } from "../../src/change/view.ts";

const COLUMNS = [{ name: "n" }];
const HELD = Rows.from([["a", { n: 1 }], ["b", { n: 2 }]]);

function viewOfList(query: Query = {}): View {
  return viewOf(query, {}, { columns: COLUMNS, exact: true, sameRows: true });
}

/** What an event does of which it is not known whether the rows that are held were read before it. */
function after(view: View, event: LiveEvent): Replayed {
  const change = { ...event, at: 0, cause: "event" } as const;
  return replay(view, { rows: HELD, until: 1, changes: [{ position: 1, from: undefined, change }] }, undefined);
}

describe("replay()", () => {
  it("asks for the whole when a row is inserted that is held: it was deleted meanwhile, and may be in another place", () => {
    const { isDead, effects } = after(viewOfList(), { kind: "inserted", id: "a", row: { n: 1 } });
    assert.deepEqual([isDead, effects], [true, ["dead"]]);
  });

  it("asks for a page whole when a row is inserted elsewhere: it may have replaced one of an earlier page", () => {
    const view = viewOfList({ orderBy: [["n", "asc"]], where: [["n", "lt", 9]], pagination: new Pagination(2, 2) });
    const trusted = (event: LiveEvent): Replayed => {
      const change = { ...event, at: 0, cause: "event" } as const;
      return replay(view, { rows: HELD, until: 1, changes: [{ position: 2, from: 1, change }] }, undefined);
    };
    for (const n of [1.5, 5, 20]) assert(trusted({ kind: "inserted", id: "c", row: { n } }).isDead, `${n}`);
  });

  it("asks for a row that was deleted, which is put where the order says if it is there all the same", () => {
    const fetched = Rows.from([["a", { n: 1 }]]);
    const [own, ordered] = [viewOfList(), viewOfList({ orderBy: [["n", "desc"]] })];
    const [inOwn, inOrder] = [own, ordered].map((view) => after(view, { kind: "deleted", id: "a" }));
    assert(inOwn !== undefined && inOrder !== undefined);
    assert.deepEqual([inOwn.isDead, [...inOwn.holes], [...inOwn.deleted]], [false, ["a"], ["a"]]);
    assert.equal(fillHoles(own, inOwn, fetched), undefined, "its place is unknown");
    assert.deepEqual(fillHoles(ordered, inOrder, fetched)?.ids(), ["b", "a"]);
    assert.deepEqual(fillHoles(own, inOwn, Rows.from([]))?.ids(), ["b"]);
  });
});
