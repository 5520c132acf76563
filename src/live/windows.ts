import { withOwnSignal } from "../base/own_signal.ts";
import { wholeNumber } from "../base/whole_number.ts";
import { DEFAULT_ITEMS_PER_PAGE } from "../table/pagination.ts";
import type { CallOptions, StaleAnswer } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Entries } from "./entries.ts";
import type { Fetched } from "./loader.ts";
import type { Master } from "./master.ts";
import type { MasterPages, RangeRows, Seen } from "./master_pages.ts";
import type { SetEnd } from "./page_rows.ts";
import { countIn, type CountRequest, type ReadRequest, type TableWindow, type WindowRequest } from "./read_request.ts";
import { isRefusal } from "./stale_answers.ts";
import { ofWhole, withPart } from "./stale_marks.ts";

/** How many rows a window may have. */
export const MAX_WINDOW_ROWS = 10_000;
/** Up to here the numbers of all rows of a window and of its pages are exact. */
const MAX_OFFSET = 2 ** 52;
/** For how many sets it is remembered where they end. */
const MAX_ENDS = 100;

/**
 * Refuses what is no window.
 *
 * @throws {RangeError} that names what is out of range.
 */
export function checkWindow(offset: number, limit: number): void {
  wholeNumber("offset", offset, 0);
  wholeNumber("limit", limit);
  if (limit > MAX_WINDOW_ROWS) throw new RangeError(`limit must be at most ${MAX_WINDOW_ROWS}, got ${limit}`);
  if (offset > MAX_OFFSET) throw new RangeError(`offset must be at most ${MAX_OFFSET}, got ${offset}`);
}

/** What {@linkcode Windows} work with. */
export interface WindowsOptions {
  readonly master: Master;
  /** The pages of the master, of a size. */
  readonly pagesOf: (itemsPerPage: number) => MasterPages;
  /** The size of pages, if it was given. */
  readonly itemsPerPage: number | undefined;
  /** The same request, which no earlier read answers. */
  readonly fromNowOn: <R extends ReadRequest | WindowRequest>(request: R) => R;
  readonly entries: Entries;
  readonly trace: Trace | undefined;
}

/** A window, whether the cache had all of it, and when the oldest of its rows were requested. */
export interface ReadWindow extends Pick<Fetched, "fetchedAt"> {
  readonly window: TableWindow;
  readonly isHit: boolean;
}

interface Counted extends Partial<Pick<Fetched, "fetchedAt">> {
  /** `undefined` where the master does not count, or cannot be reached. */
  readonly count?: number;
  readonly isHit: boolean;
}

/** Where a set was seen to end, when the pages were requested that showed it, and how far changes were known then. */
interface SeenEnd extends Seen {
  readonly end: SetEnd;
  readonly fetchedAt: number;
}

/** What is read for a window. */
interface Parts {
  readonly range: RangeRows;
  readonly counted: Counted;
}

/**
 * Reads windows: their rows from the pages of the master, the size of the set from its count. A master may give fewer rows at
 * once than a page has whose size nobody gave: then its pages are read in the size that it gives.
 */
export class Windows {
  readonly #options: WindowsOptions;
  #pages: MasterPages;
  #isSizeKnown: boolean;
  /** By the key of the count; the set seen longest ago first. */
  readonly #ends = new Map<string, SeenEnd>();

  constructor(options: WindowsOptions) {
    const { itemsPerPage, pagesOf } = options;
    this.#options = options;
    this.#pages = pagesOf(itemsPerPage ?? DEFAULT_ITEMS_PER_PAGE);
    this.#isSizeKnown = itemsPerPage !== undefined;
  }

  /** The rows and the size of the set. Both are read at the same time; if one fails, the other one ends. */
  async read(request: WindowRequest, options: CallOptions): Promise<ReadWindow> {
    const { counted: { key }, offset } = request;
    return await withOwnSignal(options.signal, async (signal) => {
      let stale: StaleAnswer | undefined;
      const own: CallOptions = { ...options, signal, onStale: (part) => void (stale = withPart(stale, part)) };
      const parts = await this.#read(request, own);
      const all = this.#isCapped(key, parts) ? await this.#readInSize(request, own, parts) : parts;
      const { range, counted } = all;
      if (stale !== undefined) options.onStale?.(ofWhole(stale, range, counted));
      const total = await this.#total(key, offset, all);
      const isHit = range.isHit && counted.isHit;
      return { window: { rows: range.rows, offset, total }, isHit, fetchedAt: range.fetchedAt };
    });
  }

  async #read(request: WindowRequest, options: CallOptions): Promise<Parts> {
    const { counted, offset, limit } = request;
    const rows = this.#pages.read(request, { skip: offset, limit }, options);
    const [range, count] = await Promise.all([rows, this.#countOrServe(counted, rows, options)]);
    return { range, counted: count };
  }

  /** Whether the first page has fewer rows than were asked for, though the master counts more, and that was not seen before. */
  #isCapped(key: string, { range: { end }, counted: { count } }: Pick<Parts, "range" | "counted">): boolean {
    if (this.#isSizeKnown || end === undefined || count === undefined) return false;
    const isShort = end.at > 0 && end.at < Math.min(count, this.#pages.itemsPerPage);
    return isShort && this.#ends.get(key)?.end.at !== end.at;
  }

  async #readInSize(request: WindowRequest, options: CallOptions, { range: { end } }: Parts): Promise<Parts> {
    if (end !== undefined && await this.#gives(end.at, request, options)) {
      this.#isSizeKnown = true;
      this.#pages = this.#options.pagesOf(end.at);
    }
    const parts = await this.#read(request, options);
    return { ...parts, range: { ...parts.range, isHit: false } };
  }

  /**
   * Whether the master gives so many rows at once, and no more. Rows may have come or gone between the count and the page, so
   * both are asked for again; and there are more rows after that page, unless the count promises too much.
   */
  async #gives(most: number, request: WindowRequest, options: CallOptions): Promise<boolean> {
    const { fromNowOn, pagesOf } = this.#options;
    const counted = await this.#count(fromNowOn(request.counted), options);
    const first = await this.#pages.read(fromNowOn(request), { skip: 0, limit: 1 }, options);
    if (first.end?.at !== most || !this.#isCapped(request.counted.key, { range: first, counted })) return false;
    const next = await pagesOf(most).read(fromNowOn(request), { skip: most, limit: 1 }, options);
    return next.rows.size > 0;
  }

  /** If the size of the set is not known, and the master cannot be reached, there are the rows all the same, if they are allowed. */
  async #countOrServe(request: CountRequest, rows: Promise<RangeRows>, options: CallOptions): Promise<Counted> {
    try {
      return await this.#count(request, options);
    } catch (error) {
      if (request.policy.onMasterFailure === "reject" || options.signal?.aborted || isRefusal(error)) throw error;
      const { fetchedAt } = await rows;
      options.onStale?.({ fetchedAt, error });
      options.onUnsettled?.();
      return { fetchedAt, isHit: false };
    }
  }

  async #count(request: CountRequest, options: CallOptions): Promise<Counted> {
    const { master, entries } = this.#options;
    if (!master.within(request.within).capabilities.count) return { isHit: true };
    const { found, behind } = await entries.look(request, options);
    const { rows, fetchedAt }: Fetched = found ?? await entries.load(request, options, behind);
    return { count: countIn(rows), fetchedAt, isHit: found !== undefined };
  }

  /** The size of the set as it shows in its pages; where it does not, as it was counted. */
  async #total(key: string, offset: number, parts: Parts): Promise<number | undefined> {
    const { range, counted: { count } } = parts;
    const end = await this.#endOf(key, parts);
    const shown = offset + range.rows.size;
    if (end?.isExact) return end === range.end ? end.at : Math.max(end.at, range.rows.size && shown);
    if (count === undefined) return undefined;
    return end === undefined ? Math.max(count, shown) : Math.min(count, end.at);
  }

  /** Where a set ends, as its pages show now, or have shown since it was counted. */
  async #endOf(key: string, { range: { end, fetchedAt, seen }, counted }: Parts): Promise<SetEnd | undefined> {
    const last = this.#ends.get(key);
    const { count, fetchedAt: countedAt = Infinity } = counted;
    if (!end?.isExact) {
      const isNewer = last !== undefined && last.fetchedAt >= countedAt;
      // A count may have been brought up to date, by a change that another process has logged.
      return isNewer && isSame(last, await this.#pages.seen()) ? last.end : end;
    }
    if (count !== undefined && count > end.at && last === undefined) this.#traceCap(key, count, end.at);
    this.#ends.delete(key);
    this.#ends.set(key, { ...seen, end, fetchedAt });
    const [oldest = key] = this.#ends.keys();
    if (this.#ends.size > MAX_ENDS) this.#ends.delete(oldest);
    return end;
  }

  #traceCap(key: string, count: number, served: number): void {
    const fields = { count, served };
    this.#options.trace?.event({ target: "vantage_live::read", level: "warn", name: "count too high", key, fields });
  }
}

/** Whether no other change is known, of this process or of another one. */
function isSame(one: Seen, other: Seen): boolean {
  return one.fence === other.fence && one.generation === other.generation;
}
