import fc from "fast-check";
import { Pagination, type Query, type Row, type Value } from "@vantage/live";

/** The rows at one moment, in the order of their insertion. */
export type State = ReadonlyMap<string, Row>;

/** A change that was logged: what happened to which row, and what the log knows of it. */
export interface Logged {
  readonly position: number;
  readonly kind: "inserted" | "updated" | "deleted";
  readonly id: string;
  readonly row: Row | undefined;
  readonly columns: readonly string[] | undefined;
  /** Whether a table has written it. */
  readonly isOwn: boolean;
  /** The position when the write was sent; `undefined` if what it carries may be older than what was read since. */
  readonly from: number | undefined;
}

/** A read of a set and all that was logged since it began, in the order in which it was logged. */
export interface Timeline {
  /** What the master held when it answered the read. */
  readonly read: State;
  /** The positions when the read began, and when its answer was there. */
  readonly at: number;
  readonly until: number;
  readonly logged: readonly Logged[];
  /** What the master holds in the end: each change that the read did not see was logged. */
  readonly end: State;
}

/** One step of a timeline: which of the things that may happen next does, and to what. */
export interface Move {
  readonly what: number;
  readonly id: string;
  readonly city: Value;
  readonly n: Value;
  /** Which columns an update changes. */
  readonly touches: "nothing" | "city" | "n";
  /** An insert leaves a row that exists as it is, and answers with it. */
  readonly kind: "update" | "insert" | "replace" | "delete";
  /** Who changes the row: a table, which logs its answer, or others, of which an event tells, or nothing. */
  readonly by: "write" | "event" | "event with columns" | "event with a row" | "nobody known";
}

/** The moves of a timeline, before the read begins and after. */
export interface Moves {
  readonly before: readonly Move[];
  readonly since: readonly Move[];
  /** How much of the read is done at once: otherwise it is answered, and its answer stored, some time later. */
  readonly atOnce: "nothing" | "answered" | "stored";
}

/** The rows that there may be. */
export const IDS: readonly string[] = ["a", "b", "c", "d", "e", "f"];
const city: fc.Arbitrary<Value> = fc.constantFrom<Value>("riga", "Riga", "oslo", null);
const n: fc.Arbitrary<Value> = fc.constantFrom<Value>(0, 1, 2, null, "1", 1n);

const move: fc.Arbitrary<Move> = fc.record({
  what: fc.nat(20),
  id: fc.constantFrom(...IDS),
  city,
  n,
  touches: fc.constantFrom("nothing", "nothing", "city", "n"),
  kind: fc.constantFrom("update", "update", "update", "update", "replace", "insert", "delete"),
  by: fc.constantFrom("write", "write", "write", "event", "event with columns", "event with a row", "nobody known"),
});

/** What happens before a read begins, and from then on. */
export const moves: fc.Arbitrary<Moves> = fc.record({
  before: fc.array(move, { maxLength: 3 }),
  since: fc.array(move, { minLength: 1, maxLength: 8 }),
  atOnce: fc.constantFrom("nothing", "answered", "stored"),
});

/** What the master holds at first. */
export const rows: fc.Arbitrary<State> = fc.uniqueArray(
  fc.record({ id: fc.constantFrom(...IDS), city, n }),
  { selector: ({ id }) => id, minLength: IDS.length - 1, maxLength: IDS.length },
).map((held) => new Map(held.map((row) => [row.id, { ...row, v: 0 }])));

/** Queries, with pages and without. */
export const queries: fc.Arbitrary<Query> = fc.record({
  where: fc.option(
    fc.constantFrom<Query["where"]>(
      [["city", "eq", "riga"]],
      [["city", "ne", "riga"]],
      [["city", "isNull"]],
      [["n", "gt", 0]],
      [["n", "in", [0, 1]], ["city", "eq", "oslo"]],
    ),
    { nil: undefined, freq: 2 },
  ),
  orderBy: fc.option(
    fc.constantFrom<Query["orderBy"]>(
      [["n", "asc"]],
      [["n", "desc"]],
      [["city", "asc"], ["n", "desc"]],
      [["id", "desc"]],
    ),
    { nil: undefined, freq: 2 },
  ),
  search: fc.constantFrom(undefined, undefined, undefined, undefined, "ig", "1"),
  pagination: fc.option(
    fc.record({ page: fc.integer({ min: 1, max: 3 }), size: fc.integer({ min: 1, max: 4 }) })
      .map(({ page, size }) => new Pagination(page, size)),
    { nil: undefined, freq: 2 },
  ),
});

/** A change between its being sent and its being logged. */
interface Pending {
  readonly move: Move;
  readonly from: number;
  /** Whether the row was changed once more before this was logged, and nobody tells of that. */
  outdated?: boolean;
  logged?: Omit<Logged, "position">;
}

/** Plays moves out: a read and several changes, of which each is sent, applied and logged at any time. */
export class Play {
  #state: Map<string, Row>;
  #position = 0;
  #versions = 0;
  readonly #logged: Logged[] = [];
  readonly #outdated = new Set<Logged>();
  readonly #sent: Pending[] = [];
  readonly #applied: Pending[] = [];
  #read: State | undefined;
  #until: number | undefined;
  #hasBegun = false;

  constructor(rows: State) {
    this.#state = new Map(rows);
  }

  /** Plays all moves out, and whatever is then left to do. */
  run({ before, since, atOnce }: Moves): Timeline {
    for (const move of before) this.#play(move);
    const at = this.#position;
    this.#hasBegun = true;
    if (atOnce !== "nothing") this.#take();
    if (atOnce === "stored") this.#until = at;
    for (const move of since) this.#play(move);
    const read = this.#take();
    while (this.#sent.length > 0) this.#apply(this.#sent.shift());
    const until = this.#until ?? this.#position;
    while (this.#applied.length > 0) this.#log(this.#applied.shift());
    const logged = this.#logged.filter(({ position }) => position > at).map((one) => this.#asLogged(one, until));
    return { read, at, until, logged, end: this.#state };
  }

  /** Positions do not tell a write that was sent before a read was stored from one that was sent right after. */
  #asLogged(logged: Logged, until: number): Logged {
    const { from = -1 } = logged;
    return this.#outdated.has(logged) && until <= from ? { ...logged, from: undefined } : logged;
  }

  #play(move: Move): void {
    switch (move.what) {
      case 0:
        if (this.#hasBegun) this.#take();
        return;
      case 1:
        if (this.#read !== undefined) this.#until ??= this.#position;
        return;
      case 2:
      case 3:
        return this.#apply(this.#sent.shift());
      case 4:
      case 5:
        return this.#log(this.#applied.shift());
      case 6:
        return this.#log(this.#applied.pop());
      default:
        return this.#send(move);
    }
  }

  #take(): State {
    return this.#read ??= new Map(this.#state);
  }

  /** Writes to one row are sent one after the other. What nobody tells of must be in what is read. */
  #send(move: Move): void {
    const { id, by } = move;
    const busy = [...this.#sent, ...this.#applied].filter((other) => other.move.id === id);
    if (by === "write") {
      if (busy.length === 0) this.#sent.push({ move, from: this.#position });
    } else if (by !== "nobody known") {
      this.#apply({ move, from: this.#position });
    } else if (this.#read === undefined) {
      for (const pending of busy) pending.outdated = true;
      this.#change(move);
    }
  }

  #apply(pending: Pending | undefined): void {
    if (pending === undefined) return;
    const { move, from } = pending;
    const before = this.#state.get(move.id);
    const row = this.#change(move);
    if (before === undefined && row === undefined) return;
    // Who replaces a row may not know whether there was one, nor do those who hear of it from there.
    const isBlind = move.kind === "replace" && move.by !== "event with columns";
    const isInsert = isBlind || move.kind === "insert" || (move.kind === "replace" && before === undefined);
    const kind = move.kind === "delete" ? "deleted" : isInsert ? "inserted" : "updated";
    const tells = move.by === "write" || move.by === "event with a row";
    const columns = move.by === "event with columns" && before !== undefined && row !== undefined
      ? Object.keys(row).filter((column) => row[column] !== before[column])
      : undefined;
    pending.logged = {
      kind,
      id: move.id,
      row: tells ? row : undefined,
      columns,
      isOwn: move.by === "write",
      from: move.by === "write" ? from : undefined,
    };
    this.#applied.push(pending);
  }

  #change({ id, kind, city, n, touches }: Move): Row | undefined {
    const before = this.#state.get(id);
    if (kind === "delete") {
      this.#state.delete(id);
      return undefined;
    }
    if (kind === "insert" ? before !== undefined : kind === "update" && before === undefined) return before;
    const v = ++this.#versions;
    const row = before === undefined
      ? { id, city, n, v }
      : { ...before, v, ...(touches === "city" && { city }), ...(touches === "n" && { n }) };
    this.#state.set(id, row);
    return row;
  }

  #log(pending: Pending | undefined): void {
    if (pending?.logged === undefined) return;
    const { id, from } = pending.logged;
    // Another writer's answer may be newer.
    const overtaken = from !== undefined && this.#logged.some((other) => other.id === id && other.position > from);
    const logged = { position: ++this.#position, ...pending.logged, ...(overtaken && { from: undefined }) };
    this.#logged.push(logged);
    if (pending.outdated) this.#outdated.add(logged);
  }
}
