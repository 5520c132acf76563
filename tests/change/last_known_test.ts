import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Change } from "../../src/change/change.ts";
import { type LastKnown, lastKnown } from "../../src/change/last_known.ts";
import type { LoggedChange } from "../../src/change/logged_change.ts";
import { replay } from "../../src/change/replay.ts";
import { RowVersions } from "../../src/change/row_versions.ts";
import { viewOf } from "../../src/change/view.ts";
import { Rows } from "../../src/table/rows.ts";
import type { LiveEvent } from "../../src/stream/live_event.ts";
import { Pagination, type Query } from "@vantage/live";

const ROWS = Rows.from([["a", { price: 2 }], ["b", { price: 1 }], ["c", { price: 5 }]]);

function own(event: LiveEvent, from?: number, outcome: "applied" | "unknown" = "applied"): Partial<LoggedChange> {
  return { from, change: { ...event, at: 0, cause: "write", writeId: "w", outcome } };
}

function foreign(event: LiveEvent): Partial<LoggedChange> {
  return { change: { ...event, at: 0, cause: "event" } as Change }; // The union is lost in the spread.
}

interface Knowledge {
  readonly versions?: RowVersions;
  readonly sameRows?: boolean;
}

/** What is known of ROWS, read at position 1, after changes. */
function found(
  changes: readonly Partial<LoggedChange>[],
  query: Query = {},
  id?: string,
  { versions, sameRows = true }: Knowledge = {},
): LastKnown | undefined {
  const logged = changes.map((change, index) => ({ position: index + 2, ...change }) as LoggedChange);
  const view = viewOf(query, { id }, { columns: [], exact: true, sameRows });
  const behind = { rows: ROWS, until: 1, changes: logged };
  const whole = replay(view, behind, undefined);
  const living = whole.isDead ? logged.slice(0, whole.effects.length - 1) : logged;
  return lastKnown(view, behind, replay(view, { ...behind, changes: living }, undefined), versions);
}

/** The prices, and whether all writes are among them. */
function known(...of: Parameters<typeof found>): unknown {
  const last = found(...of);
  return last && [[...last.rows].map(([id, { price }]) => `${id}${price}`).join(" "), last.hasAllWrites];
}

/** The ids of the rows that have changed since. */
function outdated(...changes: readonly Partial<LoggedChange>[]): string {
  const last = found(changes);
  return [...last?.rows.keys() ?? []].filter((id) => last?.isOutdated(id)).join(" ");
}

const updated = (id: string, price?: number): LiveEvent => ({
  kind: "updated",
  id,
  ...(price !== undefined && { row: { price } }),
});

describe("lastKnown()", () => {
  it("leaves foreign changes out that the replay could not put in place", () => {
    assert.deepEqual(known([foreign(updated("a"))]), ["a2 b1 c5", true]);
    assert.deepEqual(known([foreign({ kind: "deleted", id: "a" }), foreign({ kind: "changed" })]), ["a2 b1 c5", true]);
  });

  it("has writes that the master has confirmed, also after the change that made the entry dead", () => {
    assert.deepEqual(known([foreign({ kind: "changed" }), own(updated("a", 9), 2)]), ["a9 b1 c5", true]);
    assert.deepEqual(known([foreign({ kind: "changed" }), own({ kind: "deleted", id: "a" }, 2)]), ["b1 c5", true]);
    const inserted: LiveEvent = { kind: "inserted", id: "d", row: { price: 9 } };
    assert.deepEqual(known([foreign({ kind: "changed" }), own(inserted, 2)]), ["a2 b1 c5 d9", false]);
  });

  it("is not certain of a write whose answer may be older than what was read, nor of its place", () => {
    assert.deepEqual(known([own(updated("a", 9))]), ["a9 b1 c5", false]);
    const ordered: Query = { orderBy: [["price", "asc"]], pagination: new Pagination(1, 3) };
    assert.deepEqual(known([own(updated("a", 9), 1)], ordered), ["a9 b1 c5", false]);
    assert.deepEqual(known([own({ kind: "deleted", id: "a" }, 1)], ordered), ["b1 c5", false]);
    assert.deepEqual(known([own(updated("x", 9), 1)], ordered), ["a2 b1 c5", false]);
    assert.deepEqual(known([own(updated("a", 9), 1)], { where: [["price", "lt", 6]] }), ["b1 c5", true]);
    assert.deepEqual(
      known([foreign({ kind: "changed" }), own(updated("a", 9), 2)], { where: [["price", "lt", 6]] }),
      ["b1 c5", false],
    );
  });

  it("keeps the rows of a write of unknown outcome", () => {
    const changes = [own(updated("a"), undefined, "unknown"), own({ kind: "changed" }, undefined, "unknown")];
    assert.deepEqual(known(changes), ["a2 b1 c5", false]);
  });

  it("is undefined where a row would be from before a write", () => {
    assert.equal(known([own({ kind: "changed" })]), undefined);
    assert.equal(known([own(updated("a"), 1)]), undefined);
    assert.equal(known([own({ kind: "inserted", id: "d" }, 1)]), undefined);
  });

  it("keeps a row that is newer than the answer of a write, as far as versions tell", () => {
    const versions = new RowVersions(({ price }) => price, (error) => assert.ifError(error));
    assert.deepEqual(known([own(updated("c", 4))], {}, undefined, { versions }), ["a2 b1 c5", true]);
    assert.deepEqual(known([own(updated("c", 6))], {}, undefined, { versions }), ["a2 b1 c6", false]);
  });

  it("is undefined where a list may have other columns than the answer of a write", () => {
    const wide: LiveEvent = { kind: "updated", id: "a", row: { price: 9, stock: 3 } };
    assert.equal(known([own(wide)], {}, undefined, { sameRows: false }), undefined);
    assert.deepEqual(known([own(wide)]), ["a9 b1 c5", false]);
    assert.deepEqual(known([own(updated("a", 9))], {}, undefined, { sameRows: false }), ["a9 b1 c5", false]);
    const inserted: LiveEvent = { kind: "inserted", id: "d", row: { price: 9 } };
    assert.equal(known([own(inserted, 1)], {}, undefined, { sameRows: false }), undefined);
  });

  it("is undefined where two writes of a row were answered in an order that may not be theirs", () => {
    assert.equal(known([own(updated("a", 8), 1), own(updated("a", 9))]), undefined);
    assert.deepEqual(known([own(updated("a", 8), 1), own(updated("b", 9))]), ["a8 b9 c5", false]);
  });

  it("is undefined where a write may be from before another one that was logged before the rows were read", () => {
    const overlapping = (event: LiveEvent): Partial<LoggedChange> => ({ ...own(event), isOverlapping: true });
    assert.equal(known([overlapping(updated("a", 9))]), undefined);
    assert.equal(known([overlapping({ kind: "deleted", id: "a" })]), undefined);
  });

  it("puts no write in the place of a later one", () => {
    assert.deepEqual(known([own(updated("a", 8)), own(updated("a", 9), 2), foreign(updated("a"))]), ["a9 b1 c5", true]);
  });

  it("looks at one row alone where that is all there is", () => {
    assert.deepEqual(known([own(updated("b", 9), 1), foreign({ kind: "changed" })], {}, "a"), ["a2 b1 c5", true]);
    assert.deepEqual(known([foreign({ kind: "changed" }), own(updated("b", 9), 2)], {}, "a"), ["a2 b1 c5", true]);
    assert.deepEqual(known([own({ kind: "deleted", id: "a" }, 1)], {}, "a"), ["b1 c5", false]);
  });

  it("tells which rows have changed since they were put in place last", () => {
    assert.equal(outdated(), "");
    assert.equal(outdated(foreign(updated("a"))), "a");
    assert.equal(outdated(foreign(updated("a")), own(updated("b", 9), 2)), "a");
    assert.equal(outdated(foreign(updated("a")), own(updated("a", 9), 2)), "", "the write came later");
    assert.equal(outdated(own(updated("a", 9), 1), foreign(updated("a"))), "a", "the write came before");
    assert.equal(outdated(own(updated("a"), 1, "unknown")), "a");
    assert.equal(outdated(foreign({ kind: "changed" })), "a b c");
    assert.equal(outdated(foreign(updated("a")), foreign({ kind: "changed" }), own(updated("b", 9), 2)), "a c");
  });
});
