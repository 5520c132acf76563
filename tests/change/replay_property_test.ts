import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Query, type Row, Rows } from "@vantage/live";
import type { ChangeSource } from "../../src/change/change.ts";
import type { LoggedChange } from "../../src/change/logged_change.ts";
import { fillHoles, replay, type Replayed } from "../../src/change/replay.ts";
import { RowVersions } from "../../src/change/row_versions.ts";
import { type View, viewOf } from "../../src/change/view.ts";
import { evaluateQuery } from "../../src/table/evaluate_query.ts";
import { IDS, type Logged, moves, Play, queries, rows, type State, type Timeline } from "./timeline.ts";

const RUNS = 40_000;
const COLUMNS = [{ name: "id" }, { name: "city", flags: ["searchable"] as const }, { name: "n" }, { name: "v" }];

/** How a master evaluates queries: as this module does, or in a way of its own. */
interface Oracle {
  readonly exact: boolean;
  readonly ownOrder: "id" | "inserted";
  /** Whether the versions of rows are known. */
  readonly versioned: boolean;
}

const oracles: fc.Arbitrary<Oracle> = fc.record({
  exact: fc.boolean(),
  ownOrder: fc.constantFrom("id", "inserted"),
  versioned: fc.boolean(),
});

/**
 * What the master answers. One of its own way compares texts without their case, takes null for the greatest, and
 * searches all columns.
 */
function answerOf({ exact, ownOrder }: Oracle, state: State, query: Query): Rows {
  const entries = [...state];
  if (ownOrder === "id") entries.sort(([a], [b]) => a < b ? -1 : 1);
  const seen = entries.map(([id, row]): [string, Row] => [id, exact ? row : inItsWay(row)]);
  const ids = evaluateQuery(seen, query, exact ? COLUMNS : []).map(([id]) => id);
  return Rows.from(ids.map((id): [string, Row] => [id, state.get(id) ?? {}]));
}

function inItsWay(row: Row): Row {
  const { city, n } = row;
  const text = typeof city === "string" ? city.toLowerCase() : "zz";
  return { ...row, city: text, n: n === null ? 99 : Number(n), note: String(n) };
}

/** The same set without pages. */
function setOf({ pagination: _, ...set }: Query): Query {
  return set;
}

function only(rows: Rows, ids: ReadonlySet<string>): Rows {
  return Rows.from([...rows].filter(([id]) => ids.has(id)));
}

function loggedChange({ position, from, kind, id, row, columns, isOwn }: Logged): LoggedChange {
  const carried = { ...(row !== undefined && { row }), ...(columns !== undefined && { columns }) };
  const source: ChangeSource = isOwn ? { cause: "write", writeId: "w", outcome: "applied" } : { cause: "event" };
  return { position, from, change: { kind, id, at: 0, ...source, ...carried } };
}

/** Replays everything that was logged, and fills the holes with what the master holds in the end. */
class Trial {
  /** How often all was put in place, how often after rows had been read again, and how often the entry was dead. */
  readonly counts = { inPlace: 0, filled: 0, dead: 0 };

  /** Checks the outcome, unless the entry is dead: then nothing is claimed. */
  check(view: View, oracle: Oracle, timeline: Timeline, held: Rows, expected: Rows, set: Query): void {
    const { until, logged, end } = timeline;
    const changes = logged.map(loggedChange);
    const versions = oracle.versioned ? new RowVersions((row) => row.v, assert.ifError) : undefined;
    const result = replay(view, { rows: held, until, changes }, versions);
    const asked = new Set([...result.holes, ...result.entering]);
    const now = this.#filled(view, result, only(answerOf(oracle, end, set), asked));
    if (now === undefined) return void this.counts.dead++;
    if (asked.size > 0) this.counts.filled++;
    else if (changes.length > 0) this.counts.inPlace++;
    assert.deepEqual(now, expected);
  }

  /** At least one in twenty must be decided without the whole being read again, or nothing would be tried out. */
  checkCounts(): void {
    const { inPlace, filled } = this.counts;
    assert(inPlace > RUNS / 20, `${inPlace} of ${RUNS} in place`);
    assert(filled > RUNS / 20, `${filled} of ${RUNS} filled`);
  }

  #filled(view: View, result: Replayed, fetched: Rows): Rows | undefined {
    if (result.isDead) return undefined;
    return result.holes.size + result.entering.size === 0 ? result.rows : fillHoles(view, result, fetched);
  }
}

describe("replay()", () => {
  it("of a list gives what the master holds, unless it asks for rows or the whole", () => {
    const trial = new Trial();
    const property = fc.property(rows, moves, queries, oracles, (initial, steps, query, oracle) => {
      const timeline = new Play(initial).run(steps);
      const view = viewOf(query, {}, { columns: COLUMNS, exact: oracle.exact, sameRows: true });
      const held = answerOf(oracle, timeline.read, query);
      trial.check(view, oracle, timeline, held, answerOf(oracle, timeline.end, query), setOf(query));
    });
    fc.assert(property, { numRuns: RUNS });
    trial.checkCounts();
  });

  it("of one row gives what the master holds, unless it asks for the row or is dead", () => {
    const trial = new Trial();
    const ids = fc.constantFrom(...IDS);
    const property = fc.property(rows, moves, queries, oracles, ids, (initial, steps, query, oracle, id) => {
      const timeline = new Play(initial).run(steps);
      const set = setOf(query);
      const view = viewOf(query, { id }, { columns: COLUMNS, exact: oracle.exact, sameRows: true });
      const held = only(answerOf(oracle, timeline.read, set), new Set([id]));
      // That a row is missing is not kept.
      if (held.size === 0) return;
      trial.check(view, oracle, timeline, held, only(answerOf(oracle, timeline.end, set), new Set([id])), set);
    });
    fc.assert(property, { numRuns: RUNS });
    trial.checkCounts();
  });
});
