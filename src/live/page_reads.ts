import { withOwnSignal } from "../base/own_signal.ts";
import type { CacheKeys } from "../cache/cache_key.ts";
import { atPage, type Query } from "../table/query.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Entries } from "./entries.ts";
import type { Master } from "./master.ts";
import { isShort, type MasterPage, type RowRange } from "./page_rows.ts";
import { countIn, type ListRequest, type ReadRequest } from "./read_request.ts";

/** What {@linkcode PageReads} work with. */
export interface PageReadsOptions {
  readonly master: Master;
  readonly keys: CacheKeys;
  readonly entries: Entries;
  /** How many rows a page has. */
  readonly itemsPerPage: number;
}

/** A set whose pages are read, and how old they may be. A page of its query makes no difference. */
export type SetRequest = Pick<ReadRequest, "within" | "policy" | "after">;

/** Where the pages of a set and its size are kept. */
interface SetKeys {
  /** What the keys of the pages begin with. */
  readonly pages: string;
  readonly count: string;
}

/** How many pages of the master are read at the same time for one range. */
const MAX_PAGES_TOGETHER = 8;
/** For how many pages it is remembered how to read them. */
const MAX_REMEMBERED = 1_000;

/** Reads pages of the master's size: those that are not cached, together, and none after one that is not full. */
export class PageReads {
  readonly #options: PageReadsOptions;
  readonly #sets = new WeakMap<Query, SetKeys>();
  readonly #requests = new Map<string, ListRequest>();

  constructor(options: PageReadsOptions) {
    this.#options = options;
  }

  /** The pages that a range is in, up to the last one of the set: at least one. */
  async read(set: SetRequest, { skip, limit }: RowRange, options: CallOptions): Promise<MasterPage[]> {
    const { itemsPerPage } = this.#options;
    const end = Math.ceil((skip + limit) / itemsPerPage);
    const counted = await this.#countedPages(set.within);
    const pages: MasterPage[] = [];
    for (let begin = Math.floor(skip / itemsPerPage); begin < end;) {
      // Beyond the count they are read one by one: there should be none.
      const next = Math.min(end, begin + MAX_PAGES_TOGETHER, Math.max(begin + 1, counted));
      const together = await this.#together(set, begin, next, options);
      // The page before was looked at again.
      if (together[0]?.skip === pages.at(-1)?.skip) pages.pop();
      pages.push(...together);
      if (together.some(isShort)) break;
      begin = next;
    }
    return pages;
  }

  /** The pages from the index `begin` to the one before `end`, or to the last one of the set. */
  async #together(set: SetRequest, begin: number, end: number, options: CallOptions): Promise<MasterPage[]> {
    const { entries, itemsPerPage: limit } = this.#options;
    const requests = Array.from({ length: end - begin }, (_, at) => this.#request(set, begin + at));
    const looks = await Promise.all(requests.map((request) => entries.look(request, options)));
    if (looks[0]?.found === undefined && begin > 0) {
      const before = await this.#lastPage(set, begin - 1, options);
      if (before !== undefined) return [before];
    }
    const last = looks.findIndex(({ found }) => found !== undefined && isShort({ rows: found.rows, limit }));
    const wanted = last === -1 ? requests : requests.slice(0, last + 1);
    return await withOwnSignal(options.signal, async (signal) => {
      const asked = wanted.map(async (request, at): Promise<MasterPage> => {
        const { found, behind } = looks[at] ?? {};
        const fetched = found ?? await entries.load(request, { ...options, signal }, behind);
        return { ...fetched, request, skip: (begin + at) * limit, limit, isHeld: found !== undefined };
      });
      return await upToLast(asked);
    });
  }

  /** How many pages a set had when it was counted, if that is cached. */
  async #countedPages(set: Query): Promise<number> {
    const { entries, itemsPerPage } = this.#options;
    const held = await entries.held(this.#keysOf(set).count);
    return held === undefined ? Infinity : Math.ceil(countIn(held.rows) / itemsPerPage);
  }

  /** A page if it is cached, and the last one. */
  async #lastPage(set: SetRequest, index: number, options: CallOptions): Promise<MasterPage | undefined> {
    const { entries, itemsPerPage: limit } = this.#options;
    const request = this.#request(set, index);
    const { found } = await entries.look(request, options);
    if (found === undefined || !isShort({ rows: found.rows, limit })) return undefined;
    return { ...found, request, skip: index * limit, limit, isHeld: true };
  }

  /** Reads pages again, past their entries. */
  async reload(pages: readonly MasterPage[], options: CallOptions): Promise<void> {
    await withOwnSignal(options.signal, async (signal) => {
      const { entries } = this.#options;
      for (let begin = 0; begin < pages.length; begin += MAX_PAGES_TOGETHER) {
        const together = pages.slice(begin, begin + MAX_PAGES_TOGETHER);
        await Promise.all(together.map(({ request }) => entries.load(request, { ...options, signal }, undefined)));
      }
    });
  }

  /** Remembered, so that neither key nor view of a page is made twice. */
  #request({ within: set, policy, after }: SetRequest, index: number): ListRequest {
    const { master, itemsPerPage } = this.#options;
    const key = `${this.#keysOf(set).pages}${index + 1}`;
    const known = this.#requests.get(key);
    if (known?.policy === policy && after === undefined) return known;
    const request: ListRequest = {
      key,
      within: master.narrow(atPage(set, index + 1, itemsPerPage)),
      id: undefined,
      policy,
      after,
    };
    if (after !== undefined) return request;
    if (this.#requests.size >= MAX_REMEMBERED) this.#requests.clear();
    this.#requests.set(key, request);
    return request;
  }

  #keysOf(set: Query): SetKeys {
    const known = this.#sets.get(set);
    if (known !== undefined) return known;
    const { keys, itemsPerPage } = this.#options;
    const made = { pages: keys.ofPages(set, itemsPerPage), count: keys.ofCount(set) };
    this.#sets.set(set, made);
    return made;
  }
}

/** The pages up to the last one of the set; those after it are not waited for. */
async function upToLast(asked: readonly Promise<MasterPage>[]): Promise<MasterPage[]> {
  for (const answer of asked) answer.catch(() => {});
  const pages: MasterPage[] = [];
  for (const answer of asked) {
    const page = await answer;
    pages.push(page);
    if (isShort(page)) break;
  }
  return pages;
}
