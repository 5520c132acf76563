import { DEFAULT_ITEMS_PER_PAGE } from "../table/pagination.ts";
import { canonicalQuery } from "../table/canonical_query.ts";
import { narrowing, type Query } from "../table/query.ts";
import { describe } from "../base/describe.ts";

/**
 * The keys of one LiveTable, and the only place that builds or reads keys:
 *
 * ```text
 * {cacheKey}/page_{n}          a page of the whole table in its own order, 50 rows per page
 * {cacheKey}/all               the whole table, unpaginated
 * {cacheKey}/id/{id}           one row
 * {cacheKey}/count             how many rows there are
 * {cacheKey}/{view}/page_{n}   the same for a view: any conditions, order or search, or another page size
 * {cacheKey}/{view}/all
 * {cacheKey}/{view}/id/{id}
 * {cacheKey}/{view}/count
 * ```
 *
 * Each part is escaped, so keys are unambiguous: an id cannot look like a page, nor a cacheKey like a part of another.
 * The part of a view starts with `view:` and holds the complete query, including that of a narrowed master, so a
 * narrowed master and the whole table may share a cacheKey.
 */
export class CacheKeys {
  /** The cacheKey of all these keys, unescaped. */
  readonly cacheKey: string;
  /** The prefix of every key under this cacheKey, and of no other key. */
  readonly prefix: string;

  /**
   * The keys under `cacheKey`.
   *
   * @throws {TypeError} if `cacheKey` is not a string, or empty.
   */
  constructor(cacheKey: string) {
    if (typeof cacheKey !== "string" || cacheKey === "") {
      throw new TypeError(`cacheKey must be a string that is not empty, got ${describe(cacheKey)}`);
    }
    this.cacheKey = cacheKey;
    this.prefix = `${escapeKeyPart(cacheKey)}/`;
  }

  /** The key of the rows that `query` selects. */
  ofList(query: Query): string {
    const { pagination } = query;
    if (pagination === undefined) return `${this.#view(canonicalQuery(query), "")}all`;
    return `${this.ofPages(query, pagination.itemsPerPage)}${pagination.page}`;
  }

  /** What the keys of all pages of one size of the set of `query` begin with; the number of the page follows. */
  ofPages(query: Query, itemsPerPage: number): string {
    const suffix = itemsPerPage === DEFAULT_ITEMS_PER_PAGE ? "" : `;per_page=${itemsPerPage}`;
    return `${this.#view(canonicalQuery(query), suffix)}page_`;
  }

  /** The prefix of the keys of single rows in the set of `query`; order and page make no difference. */
  ofIds(query: Query): string {
    return `${this.#view(canonicalQuery(narrowing(query)), "")}id/`;
  }

  /** The key of the size of the set of `query`; order and page make no difference. */
  ofCount(query: Query): string {
    return `${this.#view(canonicalQuery(narrowing(query)), "")}count`;
  }

  #view(selection: string, suffix: string): string {
    if (selection === "" && suffix === "") return this.prefix;
    return `${this.prefix}${escapeKeyPart(`${VIEW}${selection === "" ? "" : `;${selection}`}${suffix}`)}/`;
  }
}

/** The prefix of the part of a view. */
const VIEW = "view:";

/** A key as traces may show it: the part of a view, which contains values of the query, is replaced by a hash. */
export function traceableKey(key: string): string {
  if (!key.includes(VIEW)) return key;
  return key.split("/").map((part) => part.startsWith(VIEW) ? `${VIEW}#${fnv1a(part)}` : part).join("/");
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** The scope of a key or prefix, up to and including its first `/`; `undefined` if there is no `/`. */
export function scopeOf(key: string): string | undefined {
  const end = key.indexOf("/");
  return end === -1 ? undefined : key.slice(0, end + 1);
}

// deno-lint-ignore no-control-regex -- control characters are searched for
const UNSAFE = /[%/\u0000-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Escapes `/`, control characters and lone surrogates, so that different texts stay different. Lone surrogates are
 * escaped since stores that keep UTF-8 would turn all of them into the same character.
 */
export function escapeKeyPart(text: string): string {
  return text.replace(UNSAFE, (unit) => {
    const code = unit.charCodeAt(0);
    return code < 0x80
      ? `%${code.toString(16).toUpperCase().padStart(2, "0")}`
      : `%u${code.toString(16).toUpperCase()}`;
  });
}
