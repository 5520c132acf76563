import { InvalidAnswerError, TableError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import { checkPage } from "./rest_answer.ts";
import { changing, Collected, type Part } from "./rest_part.ts";

/** How many rows are requested at once when all are wanted and no limit is known. */
const WALK_LIMIT = 100;

/** A page number beyond the last page of any resource. */
const FAR_PAGE = 1_000_000;

/** The `limit` rows from `skip` on. */
export interface RowWindow {
  readonly skip: number;
  readonly limit: number;
}

/** Requests one page. A page that does not exist is an empty part; the first one always exists. */
export type AskPage = (page: Pagination) => Promise<Part>;

/**
 * Reads any rows of a resource that has numbered pages. Detects a resource that returns fewer rows at once than
 * requested, and one that returns its last page in place of a page beyond it.
 */
export class RestWindows {
  readonly #maxLimit: number | undefined;
  /** The most rows that the resource returns at once, as far as known. */
  #limit: number;
  /** The longest page seen so far. */
  #given = 0;
  /** Whether the resource returns its last page in place of one beyond it. */
  #clamps: boolean | undefined;

  constructor(maxLimit: number | undefined) {
    this.#maxLimit = maxLimit;
    this.#limit = maxLimit ?? Infinity;
  }

  /**
   * The rows of a window, and the size of the set if known.
   *
   * @throws {InvalidAnswerError} if the answers do not fit the requests, or the data changes while it is read.
   */
  async read(window: RowWindow, ask: AskPage): Promise<Collected> {
    const size = Math.min(window.limit, this.#limit);
    const pages = new PagesOfSize(size === Infinity ? WALK_LIMIT : size, ask);
    const cut = await this.#collect(window, pages);
    if (cut instanceof Collected) return cut;
    this.#limit = cut;
    const again = await this.#collect(window, new PagesOfSize(cut, ask));
    if (again instanceof Collected) return again;
    const { answer: { what } } = await pages.at(1);
    throw new InvalidAnswerError(
      `${what} was answered with ${cut} rows, then with fewer where it was asked for ${cut}, and more follow`,
    );
  }

  /** The rows of a window; or, if the resource turns out to return fewer rows at once, how many. */
  async #collect({ skip, limit }: RowWindow, pages: PagesOfSize): Promise<Collected | number> {
    const collected = new Collected();
    const { size } = pages;
    const first = Math.floor(skip / size) + 1;
    for (let number = first; (number - 1) * size < skip + limit; number++) {
      const part = await pages.at(number);
      this.#given = Math.max(this.#given, part.rows.size);
      if (await this.#isPastEnd(part, number, pages)) break;
      const cut = await this.#cutOf(part, number, pages);
      if (cut !== undefined) return cut;
      collected.add(part);
      if (isLast(part, number, size)) break;
    }
    return cutOut(collected, { skip, limit }, (first - 1) * size, await pages.at(first));
  }

  /** Whether a page is beyond the last one, whatever it contains. */
  async #isPastEnd(part: Part, number: number, pages: PagesOfSize): Promise<boolean> {
    if (number === 1) return false;
    const skip = (number - 1) * pages.size;
    if (part.isBeyond) {
      // A first page that does not exist either means an empty set.
      const { total = 0, answer: { what } } = await pages.at(1);
      if (total > skip) throw changing(`${what} counts ${total} rows, but has no page ${number} of ${pages.size}`);
      return true;
    }
    if (part.total !== undefined && part.total <= skip) return true;
    if (part.rows.size === 0) {
      this.#clamps ??= false;
      return part.total === undefined && part.more !== true;
    }
    return await this.#isRepeated(part, number, pages);
  }

  /** Whether the page repeats the one before it, because it is beyond the last. */
  async #isRepeated(part: Part, number: number, pages: PagesOfSize): Promise<boolean> {
    const isAsked = pages.has(number - 1);
    const isLastToo = part.total === undefined && part.more !== true;
    if (!isAsked && (!isLastToo || !await this.#learnClamps(pages))) return false;
    if (!sameIds(await pages.at(number - 1), part)) return false;
    if (isLastToo && await pages.differ()) return this.#clamps = true;
    throw new InvalidAnswerError(`${part.answer.what} was answered with the same rows on two pages`);
  }

  async #learnClamps(pages: PagesOfSize): Promise<boolean> {
    if (this.#clamps !== undefined) return this.#clamps;
    try {
      return this.#clamps = (await pages.at(FAR_PAGE)).rows.size > 0;
    } catch (error) {
      if (error instanceof TableError) return false;
      throw error;
    }
  }

  /**
   * How many rows the resource returns at once, if a page shows that these are fewer than requested.
   *
   * @throws {InvalidAnswerError} if the page contradicts its own count.
   */
  async #cutOf(part: Part, number: number, pages: PagesOfSize): Promise<number | undefined> {
    const { rows: { size: found }, answer: { what }, total } = part;
    const { size } = pages;
    const expected = total === undefined ? undefined : Math.min(size, Math.max(0, total - (number - 1) * size));
    // A short page is examined only until a full page of that size was seen.
    const isCutMaybe = this.#maxLimit === undefined && found > 0 && found < size && size > this.#given;
    if (isCutMaybe && number === 1 && await this.#isMore(part, pages)) return found;
    if (isCutMaybe && number > 1) {
      // Only a full page is followed by others.
      const { rows: { size: head } } = await pages.at(1);
      this.#given = Math.max(this.#given, head);
      if (head < size) return head;
    }
    if (expected !== undefined && found !== expected) {
      throw changing(
        `${what} was answered with ${found} rows where there are ${expected}, by its own count of ${total}`,
      );
    }
    if (found < size && total === undefined && part.more === true) {
      throw new InvalidAnswerError(`${what} was answered with ${found} of ${size} rows, and says that more follow`);
    }
    return undefined;
  }

  /** Whether rows follow a first page that is not full. */
  async #isMore(part: Part, pages: PagesOfSize): Promise<boolean> {
    const { rows, total, more } = part;
    if (total !== undefined) return total > rows.size;
    if (more !== undefined) return more;
    // The page after these rows, if the resource is limited to that many.
    const shorter = pages.ofSize(rows.size, part);
    const second = await shorter.at(2);
    return !second.isBeyond && !await this.#isPastEnd(second, 2, shorter);
  }
}

/** The pages of one size, each requested once. */
class PagesOfSize {
  readonly size: number;
  readonly #ask: AskPage;
  readonly #parts = new Map<number, Part>();

  constructor(size: number, ask: AskPage) {
    this.size = size;
    this.#ask = ask;
  }

  /** The pages of another size, whose first page is known. */
  ofSize(size: number, first: Part): PagesOfSize {
    const pages = new PagesOfSize(size, this.#ask);
    pages.#parts.set(1, first);
    return pages;
  }

  /** Whether a page was already requested. */
  has(number: number): boolean {
    return this.#parts.has(number);
  }

  async at(number: number): Promise<Part> {
    const part = this.#parts.get(number) ?? await askFor(number, this.size, this.#ask);
    this.#parts.set(number, part);
    return part;
  }

  /** Whether different pages hold different rows, or there is only one row: some resources ignore the page. */
  async differ(): Promise<boolean> {
    const isAlike = sameIds(await askFor(1, 1, this.#ask), await askFor(2, 1, this.#ask));
    return !isAlike || (await askFor(1, 2, this.#ask)).rows.size < 2;
  }
}

async function askFor(number: number, size: number, ask: AskPage): Promise<Part> {
  const page = new Pagination(number, size);
  const part = await ask(page);
  checkPage(part.rows, page, part.answer);
  return part;
}

function isLast({ rows, total, more }: Part, number: number, size: number): boolean {
  if (rows.size < size) return true;
  return total === undefined ? more === false : number * size >= total;
}

function sameIds(one: Part, other: Part): boolean {
  const ids = other.rows.ids();
  return one.rows.size === ids.length && one.rows.ids().every((id, at) => id === ids[at]);
}

/** Cuts the rows of a window out of the pages around it. */
function cutOut(
  collected: Collected,
  { skip, limit }: RowWindow,
  before: number,
  { answer: { what } }: Part,
): Collected {
  const { total } = collected;
  const found = [...collected.rows].slice(skip - before, skip - before + limit);
  const expected = total === undefined ? found.length : Math.min(limit, Math.max(0, total - skip));
  if (found.length !== expected) {
    throw changing(
      `${what} was followed by ${found.length} rows where there are ${expected}, by its count of ${total}`,
    );
  }
  collected.rows.clear();
  for (const [id, row] of found) collected.rows.set(id, row);
  return collected;
}
