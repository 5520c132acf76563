import type { CacheKeys } from "../cache/cache_key.ts";
import { canonicalCondition } from "../table/canonical_query.ts";
import { evaluateQuery, rowMatcher } from "../table/evaluate_query.ts";
import { narrowing, type Query } from "../table/query.ts";
import { type RowEntry, Rows } from "../table/rows.ts";
import { splitQuery } from "../table/source_capabilities.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { CatchUp, CaughtUp } from "./catch_up.ts";
import type { Fetched, Found } from "./loader.ts";
import type { Master } from "./master.ts";
import type { ReadPolicy } from "./read_policy.ts";
import { countRows, type ListRequest, type ReadRequest } from "./read_request.ts";

/** What a {@linkcode Derivation} works with. */
export interface DerivationOptions {
  readonly master: Master;
  readonly keys: CacheKeys;
  readonly catchUp: CatchUp;
  /** The policy of the table. */
  readonly policy: ReadPolicy;
  /** Reads another request: from its entry, or from the master. */
  readonly fetch: (request: ListRequest, options: CallOptions) => Promise<Fetched>;
}

/**
 * Cuts lists and counts from the rows of the whole set, where the master would read the whole set for each of them: it does
 * not page, and evaluates neither the conditions nor the order itself. So the set is read once and held once.
 */
export class Derivation {
  readonly #options: DerivationOptions;
  /** The whole set; `undefined` if nothing is cut from it. */
  readonly #whole: ListRequest | undefined;
  /** What is asked of the master for it. */
  readonly #pushed: ReadonlySet<string>;
  readonly #known = new WeakMap<ReadRequest, boolean>();

  constructor(options: DerivationOptions) {
    this.#options = options;
    const { master, keys } = options;
    const { page } = master.within(master.query).capabilities;
    const within = master.narrow(narrowing(master.query));
    const isCut = !page && master.query.pagination === undefined;
    this.#whole = isCut ? { key: keys.ofList(within), within, id: undefined, policy: options.policy } : undefined;
    this.#pushed = this.#askedFor(within);
  }

  /** Whether a request is cut from the whole set. */
  covers(request: ReadRequest): boolean {
    if (this.#whole === undefined) return false;
    const known = this.#known.get(request) ?? this.#isCovered(request);
    this.#known.set(request, known);
    return known;
  }

  /** Cuts the rows of a request from the whole set, or only the holes of an entry that is `behind`. */
  async load(request: ReadRequest, options: CallOptions, behind: CaughtUp | undefined): Promise<Found> {
    const { master, fetch, catchUp } = this.#options;
    const asked = this.wholeFor(request);
    if (asked === undefined) throw new TypeError("There is no whole set to cut from");
    const whole = await fetch(asked, options);
    const { columns } = master.within(request.within);
    if (behind !== undefined && !behind.replayed.isDead && !request.isCount) {
      const rows = catchUp.fill(request, behind, pick(whole.rows, behind, rowMatcher(request.within, columns)));
      const fetchedAt = Math.min(whole.fetchedAt, behind.held.fetchedAt);
      if (rows !== undefined) return { rows, fetchedAt, isWhole: false };
    }
    return { rows: this.cut(request, whole.rows), fetchedAt: whole.fetchedAt, isWhole: true };
  }

  /** The request for the set that a request is cut from, as new as that has to be; `undefined` if it is not. */
  wholeFor(request: ReadRequest): ListRequest | undefined {
    if (this.#whole === undefined || !this.covers(request)) return undefined;
    const { policy, after } = request;
    return policy === this.#whole.policy && after === undefined ? this.#whole : { ...this.#whole, policy, after };
  }

  /** The rows of a request among those of the whole set. */
  cut({ within, isCount }: ReadRequest, whole: Rows): Rows {
    const query = isCount ? narrowing(within) : within;
    const entries = evaluateQuery([...whole], query, this.#options.master.within(within).columns);
    return isCount ? countRows(entries.length) : Rows.from(entries);
  }

  #isCovered({ key, within, id, isCount }: ReadRequest): boolean {
    const { capabilities } = this.#options.master.within(within);
    if (key === this.#whole?.key || id !== undefined || (isCount && !capabilities.count)) return false;
    // The master may order in another way than this module; what it leaves out of its question is done in memory anyway.
    if (capabilities.orderBy && !capabilities.exact && (within.orderBy?.length ?? 0) > 0 && !isCount) return false;
    const asked = this.#askedFor(within);
    return asked.size === this.#pushed.size && [...asked].every((condition) => this.#pushed.has(condition)) &&
      this.#holds(within);
  }

  /** Whether a set is a part of the whole one. */
  #holds({ where = [], search }: Query): boolean {
    const { where: common = [], search: commonSearch } = this.#whole?.within ?? {};
    const conditions = new Set(where.map(canonicalCondition));
    return common.every((condition) => conditions.has(canonicalCondition(condition))) &&
      (commonSearch === undefined || commonSearch === search);
  }

  /** What narrows the rows that the master reads. */
  #askedFor(within: Query): ReadonlySet<string> {
    const { pushed: { where = [], search } } = splitQuery(within, this.#options.master.within(within).capabilities);
    return new Set([...where.map(canonicalCondition), ...(search ? [`search ${search}`] : [])]);
  }
}

/** The rows that the holes of an entry are filled with. */
function pick(rows: Rows, { replayed: { holes, entering } }: CaughtUp, matches: (row: RowEntry[1]) => boolean): Rows {
  const entries: RowEntry[] = [];
  for (const id of [...holes, ...entering]) {
    const row = rows.get(id);
    if (row !== undefined && matches(row)) entries.push([id, row]);
  }
  return Rows.from(entries);
}
