import type { Fence } from "../cache/cache.ts";
import type { Rows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { CatchUp } from "./catch_up.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import {
  endIn,
  haveRepeats,
  type MasterPage,
  olderOf,
  type RowRange,
  rowsIn,
  sameIds,
  type SetEnd,
} from "./page_rows.ts";
import { PageReads, type PageReadsOptions, type SetRequest } from "./page_reads.ts";

/** What {@linkcode MasterPages} work with. */
export interface MasterPagesOptions extends PageReadsOptions {
  readonly cache: SafeCache;
  readonly catchUp: CatchUp;
  readonly invalidation: Invalidation;
  readonly trace: Trace | undefined;
}

/** The rows of a range. */
export interface RangeRows {
  readonly rows: Rows;
  /** When the oldest of them were requested from the master, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Whether the cache had all of them. */
  readonly isHit: boolean;
  readonly end: SetEnd | undefined;
  /** How far changes were known before they were read. */
  readonly seen: Seen;
}

/** How far changes are known: those that other processes have logged, and those that are being logged here. */
export interface Seen {
  /** `undefined` if the cache fails. */
  readonly fence: Fence | undefined;
  readonly generation: number;
}

/** How many times the pages of a range are read, if they do not fit together. */
const MAX_ROUNDS = 3;
/** How many pages that repeat rows of others are remembered. */
const MAX_REMEMBERED = 1_000;

/**
 * Any rows of a set, cut from pages of one size, which are entries like those of any page. A page that is not full is the
 * last one: none after it is read. Rows that move from page to page between two reads are neither repeated nor left out, as
 * far as that shows: in a change that was logged meanwhile, or in a row that two pages have. Then the older ones are read
 * again.
 */
export class MasterPages {
  readonly #options: MasterPagesOptions;
  readonly #reads: PageReads;
  /** Pages that repeat rows of others, though all were read one after the other. */
  readonly #repeating = new Set<string>();

  constructor(options: MasterPagesOptions) {
    this.#options = options;
    this.#reads = new PageReads(options);
  }

  /** How many rows a page has. */
  get itemsPerPage(): number {
    return this.#options.itemsPerPage;
  }

  /** The rows of a range of a set, in its order. A page of the query makes no difference. */
  async read(set: SetRequest, range: RowRange, options: CallOptions): Promise<RangeRows> {
    let isHit = true;
    for (let round = 1;; round++) {
      const seen = await this.seen();
      const pages = await this.#reads.read(set, range, options);
      isHit &&= pages.every(({ isHeld }) => isHeld);
      const hasMoved = await this.#haveMoved(pages, seen);
      const isRepeated = !hasMoved && this.#overlap(pages);
      if (round === MAX_ROUNDS || !(hasMoved || isRepeated)) {
        if (isRepeated) this.#accept(pages);
        const fetchedAt = pages.reduce((oldest, page) => Math.min(oldest, page.fetchedAt), Infinity);
        return { rows: rowsIn(pages, range), fetchedAt, isHit, end: endIn(pages), seen };
      }
      if (!isRepeated) continue;
      isHit = false;
      await this.#reads.reload(olderOf(pages), options);
    }
  }

  /** How far changes are known now. */
  async seen(): Promise<Seen> {
    const { cache, keys, invalidation } = this.#options;
    return { fence: await cache.fence(`${keys.prefix}all`), generation: invalidation.generation };
  }

  /** Whether a change moved rows of the pages that is known since `seen`, or that only some of them have. */
  async #haveMoved(pages: readonly MasterPage[], seen: Seen): Promise<boolean> {
    if (pages.length === 1) return false;
    if (isMixed(pages)) return true;
    if (isSame(seen, await this.seen())) return false;
    const moved = await Promise.all(pages.map((page) => this.#hasMoved(page)));
    return moved.includes(true);
  }

  async #hasMoved({ request, rows }: MasterPage): Promise<boolean> {
    const { entries, catchUp } = this.#options;
    const held = await entries.held(request.key);
    if (held === undefined) return true;
    const replayed = catchUp.replay(request, held)?.replayed;
    return replayed?.isDead === true || !sameIds(rows, replayed?.rows ?? held.rows);
  }

  #overlap(pages: readonly MasterPage[]): boolean {
    return haveRepeats(pages) && !pages.every((page) => this.#repeating.has(versionOf(page)));
  }

  /** The master orders rows differently each time: to read them again changes nothing. */
  #accept(pages: readonly MasterPage[]): void {
    const { trace } = this.#options;
    const key = pages[0]?.request.key;
    trace?.event({ target: "vantage_live::read", level: "warn", name: "rows on two pages", key });
    if (this.#repeating.size >= MAX_REMEMBERED) this.#repeating.clear();
    for (const page of pages) this.#repeating.add(versionOf(page));
  }
}

/** Whether some pages may lack a change that others have, since the master lags. */
function isMixed(pages: readonly MasterPage[]): boolean {
  return pages.some(({ isUnsettled }) => isUnsettled) && !pages.every(({ isUnsettled }) => isUnsettled);
}

/** While the cache fails, only the changes of this process are known. */
function isSame(one: Seen, other: Seen): boolean {
  return one.fence === other.fence && (one.fence !== undefined || one.generation === other.generation);
}

function versionOf({ request, fetchedAt }: MasterPage): string {
  return `${request.key} ${fetchedAt}`;
}
