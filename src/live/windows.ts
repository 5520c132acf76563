import { withOwnSignal } from "../base/own_signal.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { CallOptions, StaleAnswer } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Entries } from "./entries.ts";
import type { Fetched } from "./loader.ts";
import type { Master } from "./master.ts";
import type { MasterPages, RangeRows } from "./master_pages.ts";
import { countIn, type CountRequest, type TableWindow, type WindowRequest } from "./read_request.ts";
import { ofWhole, withPart } from "./stale_marks.ts";

/** How many rows a window may have. */
export const MAX_WINDOW_ROWS = 10_000;

/**
 * Refuses what is no window.
 *
 * @throws {RangeError} that names what is out of range.
 */
export function checkWindow(offset: number, limit: number): void {
  wholeNumber("offset", offset, 0);
  wholeNumber("limit", limit);
  if (limit > MAX_WINDOW_ROWS) throw new RangeError(`limit must be at most ${MAX_WINDOW_ROWS}, got ${limit}`);
  if (!Number.isSafeInteger(offset + limit)) {
    throw new RangeError(`A window at ${offset} is beyond the largest row number, 2^53 - 1`);
  }
}

/** What {@linkcode Windows} work with. */
export interface WindowsOptions {
  readonly master: Master;
  readonly pages: MasterPages;
  readonly entries: Entries;
  readonly trace: Trace | undefined;
}

/** A window, and whether the cache had all of it. */
export interface ReadWindow {
  readonly window: TableWindow;
  readonly isHit: boolean;
}

interface Counted extends Partial<Pick<Fetched, "fetchedAt">> {
  /** `undefined` where the master does not count. */
  readonly count?: number;
  readonly isHit: boolean;
}

/** Reads windows: their rows from the pages of the master, the size of the set from its count. */
export class Windows {
  readonly #options: WindowsOptions;
  #isCapTraced = false;

  constructor(options: WindowsOptions) {
    this.#options = options;
  }

  /** The rows and the size of the set. Both are read at the same time; if one fails, the other one ends. */
  async read(request: WindowRequest, options: CallOptions): Promise<ReadWindow> {
    const { counted, offset, limit } = request;
    return await withOwnSignal(options.signal, async (signal) => {
      let stale: StaleAnswer | undefined;
      const own: CallOptions = { ...options, signal, onStale: (part) => void (stale = withPart(stale, part)) };
      const [range, count] = await Promise.all([
        this.#options.pages.read(request, { skip: offset, limit }, own),
        this.#count(counted, own),
      ]);
      if (stale !== undefined) options.onStale?.(ofWhole(stale, range, count));
      const total = this.#total(counted.key, range, offset, count.count);
      return { window: { rows: range.rows, offset, total }, isHit: range.isHit && count.isHit };
    });
  }

  async #count(request: CountRequest, options: CallOptions): Promise<Counted> {
    const { master, entries } = this.#options;
    if (!master.within(request.within).capabilities.count) return { isHit: true };
    const { found, behind } = await entries.look(request, options);
    const { rows, fetchedAt }: Fetched = found ?? await entries.load(request, options, behind);
    return { count: countIn(rows), fetchedAt, isHit: found !== undefined };
  }

  /** The size of the set as it shows in its pages; where it does not, as it was counted. */
  #total(key: string, { rows, end }: RangeRows, offset: number, count: number | undefined): number | undefined {
    if (end !== undefined && count !== undefined && count > end.at) this.#traceCap(key, count, end.at);
    if (end?.isExact) return end.at;
    if (count === undefined) return undefined;
    return end === undefined ? Math.max(count, offset + rows.size) : Math.min(count, end.at);
  }

  #traceCap(key: string, count: number, served: number): void {
    if (this.#isCapTraced) return;
    this.#isCapTraced = true;
    const fields = { count, served };
    this.#options.trace?.event({ target: "vantage_live::read", level: "warn", name: "count too high", key, fields });
  }
}
