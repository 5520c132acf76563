import { type Query, type Row, sameRow } from "@vantage/live";
import type { RowFloor } from "./row_floors.ts";
import { compareHeld, type Held, matches, type OwnOrder, rowOf, type Stay } from "./sim_master.ts";
import type { RowRange } from "./views.ts";

/** What an answer is checked against. */
export interface RowLaw {
  /** The set and its order. A page of it makes no difference. */
  readonly query: Query;
  /** Which rows of it were asked for; `undefined`: all. */
  readonly range: RowRange | undefined;
  readonly ownOrder: OwnOrder;
  /** For each row that ever was, what it was like, in order. */
  readonly histories: ReadonlyMap<string, readonly Stay[]>;
  /** Each row must be as it was in this state of the master, or in a later one. */
  readonly floor: (id: string) => number;
  /** The same for a row that is not shown, and only counted: of what is known to have moved it into the view or out of it. */
  readonly absent: (id: string) => number;
  /** The same for whether it exists, and for its place. */
  readonly floors: Pick<RowFloor, "existenceOf" | "placeOf">;
}

/** A violation: the number of the law, and what is wrong. */
export interface Fault {
  readonly law: number;
  readonly what: string;
}

/** A row in its place. */
interface Placed {
  readonly held: Held;
  readonly birth: number;
}

/** Where a row that is not shown may be: in no place of the view, or in one before or after those shown. */
interface Places {
  readonly out: boolean;
  readonly before: boolean;
  readonly after: boolean;
}

/**
 * Checks the rows of a list. They are possible if for each row that ever was one of its states since the floor can be
 * chosen so that the view of what was chosen is the answer: each row shown is as new as it must be, each one missing was
 * out of the view or on another page, and the order is that of the rows shown. While it is not known that a row was deleted
 * or inserted again, it may be in either place, or in none.
 */
export function faultOfList(shown: readonly (readonly [string, Row])[], law: RowLaw): Fault | undefined {
  const places: Placed[] = [];
  for (const [id, row] of shown) {
    const stay = stayOf(id, row, law);
    if ("what" in stay) return stay;
    const last = places.at(-1);
    const place = placesOf(id, stay, law).find((it) => last === undefined || comparePlaces(last, it, law) < 0);
    if (place === undefined) return { law: 2, what: `${id}@${stay.seq} comes after ${last?.held.id}` };
    places.push(place);
  }
  const others = [...law.histories.keys()].filter((id) => !shown.some(([found]) => found === id));
  return faultOfOthers(others, places, law);
}

/** Checks each row of a list, but not which rows there are, and in which order. */
export function faultOfEach(shown: readonly (readonly [string, Row])[], law: RowLaw): Fault | undefined {
  for (const [id, row] of shown) {
    const stay = stayOf(id, row, law);
    if ("what" in stay) return stay;
  }
  return undefined;
}

/** Checks the answer to `getValue`. */
export function faultOfRow(id: string, row: Row | undefined, law: RowLaw): Fault | undefined {
  if (row === undefined) {
    const { out } = elsewhereOf(id, [], law);
    return out ? undefined : { law: 1, what: `${id} is missing, known @${law.floor(id)}` };
  }
  const stay = stayOf(id, row, law);
  return "what" in stay ? stay : undefined;
}

/** Checks the answer to `getCount`. */
export function faultOfCount(count: number, law: RowLaw): Fault | undefined {
  const options = [...law.histories.keys()].map((id) => since(id, law, law.absent).map(({ held }) => isIn(held, law)));
  const least = [...law.histories.keys()].filter((id) => !elsewhereOf(id, [], law).out).length;
  const most = options.filter((may) => may.includes(true)).length;
  if (count >= least && count <= most) return undefined;
  return { law: 1, what: `${count} rows are counted, where there were ${least} to ${most}` };
}

/** The state of a row that is shown, or what is wrong with it. */
function stayOf(id: string, row: Row, law: RowLaw): Stay & Placed | Fault {
  const history = law.histories.get(id) ?? [];
  // An insertion that is sent again may find that its row was deleted.
  const stay = history.findLast((it): it is Stay & Placed => it.held !== undefined && sameRow(row, rowOf(it.held)));
  if (stay === undefined) return { law: 4, what: `${id} was never ${JSON.stringify(row)}` };
  if (!isIn(stay.held, law)) return { law: 4, what: `${id}@${stay.seq} is not in the view` };
  if (!since(id, law).includes(stay)) return { law: 1, what: `${id}@${stay.seq} is shown, known @${law.floor(id)}` };
  return stay;
}

/** The places of a row that is shown, the first ones first. */
function placesOf(id: string, { held }: Placed, law: RowLaw): readonly Placed[] {
  const births = since(id, law, law.floors.placeOf).flatMap((stay) => stay.held === undefined ? [] : [stay.birth]);
  return [...new Set(births)].map((birth) => ({ held, birth }));
}

function faultOfOthers(others: readonly string[], shown: readonly Placed[], law: RowLaw): Fault | undefined {
  const { range } = law;
  const full = range !== undefined && shown.length === range.limit;
  let [least, most] = [0, 0];
  for (const id of others) {
    const { out, before, after } = elsewhereOf(id, shown, law);
    const elsewhere = out || (full && after);
    const ahead = before && range !== undefined;
    if (!elsewhere && !ahead) return { law: 1, what: `${id} is missing, known @${law.floor(id)}` };
    if (!elsewhere) least++;
    if (ahead) most++;
  }
  // An empty page may be far beyond the end.
  const skip = range?.skip ?? 0;
  if (least <= skip && (skip <= most || shown.length === 0)) return undefined;
  return { law: 1, what: `there are ${least} to ${most} rows before a page that begins after ${skip}` };
}

function elsewhereOf(id: string, shown: readonly Placed[], law: RowLaw): Places {
  const may = since(id, law, law.absent);
  const inView = may.filter((stay): stay is Stay & Placed => isIn(stay.held, law));
  const mayBeGone = since(id, law, law.floors.existenceOf).some(({ held }) => held === undefined);
  const places = inView.flatMap((stay) => placesOf(id, stay, law));
  const [firsts, lasts] = [shown[0], shown.at(-1)].map((edge) =>
    edge === undefined ? [] : placesOf(edge.held.id, edge, law)
  );
  const isSome = (edges: readonly Placed[] = [], sign: number): boolean =>
    shown.length === 0 ||
    places.some((place) => edges.some((edge) => Math.sign(comparePlaces(place, edge, law)) === sign));
  return { out: mayBeGone || inView.length < may.length, before: isSome(firsts, -1), after: isSome(lasts, 1) };
}

/** What a row was like at the floor and later. */
function since(id: string, law: RowLaw, floor: RowLaw["floor"] = law.floor): readonly Stay[] {
  const history = law.histories.get(id) ?? [];
  return history.filter((_, index) => (history[index + 1]?.seq ?? Infinity) > floor(id));
}

function isIn(held: Held | undefined, { query }: RowLaw): boolean {
  return held !== undefined && matches(held, query);
}

/** Whether a row is in another place of a view, in it or out of it, by its change to a state. */
export function isMovedBy(
  seq: number,
  history: readonly Stay[],
  law: Pick<RowLaw, "query" | "ownOrder">,
): boolean {
  const index = history.findLastIndex((stay) => stay.seq <= seq);
  const [before, after] = [history[index - 1]?.held, history[index]?.held];
  if (before === undefined || after === undefined) return true;
  return matches(before, law.query) !== matches(after, law.query) || compareHeld(before, after, law.query) !== 0;
}

function comparePlaces(a: Placed, b: Placed, { query, ownOrder }: RowLaw): number {
  const difference = compareHeld(a.held, b.held, query);
  if (difference !== 0) return difference;
  return ownOrder === "id" ? (a.held.id < b.held.id ? -1 : 1) : a.birth - b.birth;
}
