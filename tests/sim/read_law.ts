import type { Row } from "@vantage/live";
import { type Fault, faultOfCount, faultOfEach, faultOfList, faultOfRow, isMovedBy, type RowLaw } from "./row_law.ts";
import type { RowFloor } from "./row_floors.ts";
import type { Scene } from "./scene.ts";
import { type Answer, isWindow, listIn, rangeOf, type RowRange, type View } from "./views.ts";

/** How the rows of an answer that is made of several pages fit together. */
export type Fitting =
  /** As one list. */
  | "together"
  /** Rows that nobody told of have moved while they were read: each page is one by itself. */
  | "page by page"
  /** They have moved so often that pages were taken as they were: each row is one by itself. */
  | "row by row"
  /** They are served in place of a failure, so that they need not be one list: the same, and the total means nothing. */
  | "as held";

/** How old an answer may be. */
export interface Ages {
  /** Each row must be as it was in this state, or in a later one. */
  readonly floor: RowFloor["of"];
  /** The same for a row that is not shown, of what has moved it in the view. */
  readonly absent: RowFloor["movedOf"];
  readonly floors: Pick<RowFloor, "existenceOf" | "placeOf">;
}

/** Not older than was known. */
export function agesOf(known: RowFloor): Ages {
  return { floor: known.of, absent: known.movedOf, floors: known };
}

/** The same for an answer that counts as settled. */
export function settledAgesOf(known: RowFloor): Ages {
  return { floor: known.settledOf, absent: (id, isMove) => known.movedOf(id, isMove, true), floors: known };
}

/** As in a state, or later. */
export function agesSince(seq: number, floors?: Ages["floors"]): Ages {
  const since = (): number => seq;
  return { floor: since, absent: since, floors: floors ?? { existenceOf: since, placeOf: since } };
}

/** What an answer is judged by. */
export interface Judged {
  readonly world: Pick<Scene["world"], "ownOrder" | "counts" | "cacheFailureRate" | "masterItemsPerPage">;
  readonly master: Pick<Scene["master"], "histories">;
}

/** What is wrong with an answer to a read of a view, if something is. */
export function faultOfAnswer(
  scene: Judged,
  view: View,
  answer: Answer,
  ages: Ages,
  fitting: Fitting,
): Fault | undefined {
  const law = lawOf(scene, view, ages);
  if (typeof answer === "number") return faultOfCount(answer, law);
  if (view.id !== undefined) return faultOfRow(view.id, listIn(answer)[0]?.[1], law);
  const fault = faultOfRows(scene, listIn(answer), law, fitting);
  if (fault !== undefined || !isWindow(answer) || fitting === "as held") return fault;
  const { world: { counts, cacheFailureRate } } = scene;
  const { length } = listIn(answer);
  if (answer.total !== undefined) return faultOfTotal(answer.total, length, law);
  const { skip = 0, limit } = view.window ?? {};
  // While the cache fails, pages that do not fit together are given as they are after some rounds.
  const mayNotFit = fitting === "row by row" || cacheFailureRate > 0;
  const mayBeUnknown = !counts && (length === limit || (length === 0 && skip > 0) || mayNotFit);
  return mayBeUnknown ? undefined : { law: 8, what: "it does not tell how many rows there are" };
}

/** How the rows of an answer must fit together, which a reader has asked for when `asked` was known. */
export function fittingOf(scene: Scene, view: View, answer: Answer, asked: Known, now: Known): Fitting {
  const { world } = scene;
  const range = rangeOf(view);
  if (range === undefined || pagesOf(range, world.masterItemsPerPage).length === 1) return "together";
  if (!hasUnknownMoves(scene, view, asked.floor)) return "together";
  const more = now.changes - asked.changes;
  const isAtOnce = !world.asyncCache && !world.freezes && view.window === undefined && !world.nested.includes(true);
  if (isAtOnce && more < MAX_ROUNDS && !hasUnknownMoves(scene, view, now.floor)) return "together";
  const isFull = listIn(answer).length === range.limit;
  return isFull || (more === 0 && !now.mayRepeat) ? "page by page" : "row by row";
}

/** The same of an answer that is served though it is stale. What is served in place of a failure need not be one list. */
export function fittingOfStale({ world }: Scene, view: View, answer: Answer, isFailure: boolean): Fitting {
  const range = rangeOf(view);
  if (isFailure) return "as held";
  if (range === undefined || pagesOf(range, world.masterItemsPerPage).length === 1) return "together";
  return listIn(answer).length === range.limit ? "page by page" : "row by row";
}

/** What a process knows at one time. */
export interface Known {
  readonly floor: RowFloor;
  /** How many changes the caches had taken. */
  readonly changes: number;
  /** Whether pages were accepted that have the same row. */
  readonly mayRepeat: boolean;
}

/** How many times pages are read that do not fit together. */
const MAX_ROUNDS = 3;

function lawOf({ world: { ownOrder }, master: { histories } }: Judged, view: View, ages: Ages): RowLaw {
  const { query } = view;
  const { floor, absent, floors } = ages;
  const isMove = (id: string) => (seq: number): boolean => isMovedBy(seq, histories.get(id) ?? [], { query, ownOrder });
  return {
    query,
    range: rangeOf(view),
    ownOrder,
    histories,
    floor,
    absent: (id) => absent(id, isMove(id), false),
    floors,
  };
}

function faultOfRows(
  { world }: Judged,
  shown: readonly (readonly [string, Row])[],
  law: RowLaw,
  fitting: Fitting,
): Fault | undefined {
  switch (fitting) {
    case "together":
      return faultOfList(shown, law);
    case "page by page":
      return faultOfPages(shown, law, world.masterItemsPerPage);
    case "row by row":
    case "as held":
      return faultOfEach(shown, law);
    default:
      return fitting satisfies never;
  }
}

/** Checks the rows of each page by themselves, up to the first one that is not full. */
function faultOfPages(
  shown: readonly (readonly [string, Row])[],
  law: RowLaw,
  itemsPerPage: number | undefined,
): Fault | undefined {
  const { range } = law;
  if (range === undefined) return faultOfList(shown, law);
  for (const part of pagesOf(range, itemsPerPage)) {
    const from = part.skip - range.skip;
    if (from > shown.length) break;
    const fault = faultOfList(shown.slice(from, from + part.limit), { ...law, range: part });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The parts of a range that are on one page of the master each. */
function pagesOf({ skip, limit }: RowRange, itemsPerPage: number | undefined): readonly RowRange[] {
  if (itemsPerPage === undefined) return [{ skip, limit }];
  const parts: RowRange[] = [];
  for (let begin = skip; begin < skip + limit;) {
    const end = Math.min(skip + limit, (Math.floor(begin / itemsPerPage) + 1) * itemsPerPage);
    parts.push({ skip: begin, limit: end - begin });
    begin = end;
  }
  return parts;
}

/** Whether a row has been moved in a view by a change that is not known. */
function hasUnknownMoves(
  { master: { histories }, world: { ownOrder } }: Scene,
  { query }: View,
  floor: RowFloor,
): boolean {
  return [...histories].some(([id, history]) => {
    const isMove = (seq: number): boolean => isMovedBy(seq, history, { query, ownOrder });
    const known = floor.movedOf(id, isMove, false);
    return history.some(({ seq }) => seq > known && isMove(seq));
  });
}

/** Checks the size of the set that a window tells. */
function faultOfTotal(total: number, size: number, law: RowLaw): Fault | undefined {
  const end = (law.range?.skip ?? 0) + size;
  if (size > 0 && total < end) return { law: 4, what: `it tells of ${total} rows, and shows ${end}` };
  return faultOfCount(total, law);
}
