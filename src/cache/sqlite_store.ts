import { isBytes } from "../table/realm.ts";
import { wholeNumber } from "../table/whole_number.ts";
import { failure, Trace } from "../trace/trace.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Cache, CachedRows, Fence } from "./cache.ts";
import { scopeOf, traceableKey } from "./cache_key.ts";
import { decodeRows, encodeRows } from "./codec.ts";
import { tellDamage } from "./sqlite_damage.ts";

/** How a store asks its database. */
export interface SqliteRunner {
  /** The first row that a query finds; it does not write. */
  get(sql: string, params?: readonly SqliteParam[]): Record<string, unknown> | undefined;
  /** Runs a statement that writes and answers with rows, to its end. */
  write(sql: string, params?: readonly SqliteParam[]): Record<string, unknown>[];
  /** Runs a statement that answers nothing. */
  run(sql: string, params?: readonly SqliteParam[]): void;
}

/** What a store binds. */
export type SqliteParam = null | number | string | Uint8Array;

/** What a store keeps to. */
export interface SqliteStoreSettings {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How many bytes of rows one entry may have. */
  readonly maxEntryBytes: number;
  readonly trace: Trace | undefined;
}

interface Options {
  readonly maxEntries?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly tracer?: Tracer | undefined;
}

/** How many invalidated entries one `put` clears away. */
const SWEEP_ENTRIES = 16;
/** How many scopes have a row of their own; those without valid entries are merged when there are more. */
const MAX_SCOPES = 10_000;

const GET = `SELECT e.fetched_at AS fetchedAt, e.body AS body FROM vantage_entry e
  JOIN vantage_scope s ON s.name = e.scope WHERE e.key = ? AND e.generation = s.generation`;
const FENCE = `SELECT t.store || ':' || t.beyond || ':' || coalesce(s.fence, 0) AS fence
  FROM vantage_total t LEFT JOIN vantage_scope s ON s.name = ?`;
const ADD_SCOPE = "INSERT INTO vantage_scope VALUES (?, 0, 0) ON CONFLICT DO NOTHING RETURNING 1 AS added";
const PUT = `INSERT INTO vantage_entry (key, scope, generation, fetched_at, size, body)
  SELECT ?, s.name, s.generation, ?, ?, ? FROM vantage_total t JOIN vantage_scope s ON s.name = ?
  WHERE ? IS NULL OR t.store || ':' || t.beyond || ':' || s.fence = ?
  ON CONFLICT (key) DO UPDATE SET generation = excluded.generation, fetched_at = excluded.fetched_at,
    size = excluded.size, body = excluded.body
  RETURNING id`;
const SWEEP = `DELETE FROM vantage_entry WHERE id IN (SELECT e.id FROM vantage_scope s
  JOIN vantage_entry e ON e.scope = s.name AND e.generation < s.generation WHERE s.name = ? LIMIT ${SWEEP_ENTRIES})`;
const TOTAL = "SELECT entries, bytes FROM vantage_total";
// What was invalidated, then what is oldest. The cross join has SQLite look at the scopes first, which are fewer.
const EVICT = `DELETE FROM vantage_entry WHERE id IN (
  SELECT id FROM (SELECT e.id FROM vantage_scope s CROSS JOIN vantage_entry e
    WHERE e.scope = s.name AND e.generation < s.generation LIMIT ?)
  UNION ALL SELECT id FROM (SELECT id FROM vantage_entry ORDER BY fetched_at, id LIMIT ?)
  LIMIT ?) RETURNING id`;
const COUNT_AGAIN = "UPDATE vantage_total SET (entries, bytes) = (SELECT count(*), total(size) FROM vantage_entry)";
const INVALIDATE_SCOPE = `INSERT INTO vantage_scope VALUES (?, 1, 1)
  ON CONFLICT DO UPDATE SET fence = fence + 1, generation = generation + 1`;
const MOVE_FENCE = "INSERT INTO vantage_scope VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET fence = fence + 1";
const DROP_ENTRIES = "DELETE FROM vantage_entry WHERE scope = ? AND substr(key, 1, ?) = ?";
const MOVE_ALL_FENCES = "UPDATE vantage_total SET beyond = beyond + 1";
const INVALIDATE_SCOPES = "UPDATE vantage_scope SET generation = generation + 1 WHERE substr(name, 1, ?) = ?";
const COUNT_SCOPES = "SELECT count(*) AS scopes FROM vantage_scope";
// One statement with what its trigger does, so that no fence is taken and no entry put halfway.
const MERGE_SCOPES = `DELETE FROM vantage_scope WHERE name <> ? AND NOT EXISTS
  (SELECT 1 FROM vantage_entry e WHERE e.scope = vantage_scope.name AND e.generation = vantage_scope.generation)`;

/**
 * The settings that a user's options ask for, where one entry may have no more bytes than `maxEntryBytes`.
 *
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 */
export function storeSettings(options: Options, maxEntryBytes: number = Infinity): SqliteStoreSettings {
  const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
  return {
    maxEntries: wholeNumber("maxEntries", options.maxEntries ?? 100_000),
    maxBytes,
    maxEntryBytes: Math.min(maxEntryBytes, maxBytes),
    trace: options.tracer && new Trace(options.tracer, {}, () => {}),
  };
}

/** A cache in the tables that `createSchema` makes, of whatever database. */
export class SqliteStore implements Cache {
  readonly #db: SqliteRunner;
  readonly #settings: SqliteStoreSettings;
  /** At how many scopes the next merge is worth a try. */
  #mergeAbove = MAX_SCOPES;

  constructor(db: SqliteRunner, settings: SqliteStoreSettings) {
    this.#db = db;
    this.#settings = settings;
  }

  get(key: string): CachedRows | undefined {
    const found = this.#db.get(GET, [storable(key)]);
    if (found === undefined) return undefined;
    try {
      return { rows: decodeRows(bytesOf(found.body)), fetchedAt: Number(found.fetchedAt) };
    } catch (error) {
      tellDamage(this.#settings.trace, "entry dropped", { key: traceableKey(key), ...failure(error) });
      this.#db.run("DELETE FROM vantage_entry WHERE key = ?", [storable(key)]);
      return undefined;
    }
  }

  fence(key: string): Fence {
    return String(this.#db.get(FENCE, [storableScopeOf(key) ?? ""])?.fence);
  }

  put(key: string, { rows, fetchedAt }: CachedRows, fence?: Fence): boolean {
    const body = encodeRows(rows);
    if (body.length > this.#settings.maxEntryBytes) return false;
    const scope = storableScopeOf(key) ?? "";
    const mark = fence === undefined ? null : String(fence);
    const added = this.#db.write(ADD_SCOPE, [scope]).length > 0;
    const [stored] = this.#db.write(PUT, [storable(key), fetchedAt, body.length, body, scope, mark, mark]);
    // Only now, since it may move the fence.
    if (added) this.#mergeScopes(scope);
    this.#db.run(SWEEP, [scope]);
    const evicted = this.#evict();
    return stored !== undefined && !evicted.has(Number(stored.id));
  }

  invalidatePrefix(text: string): void {
    const prefix = storable(text);
    const scope = scopeOf(prefix);
    if (scope === prefix) {
      this.#db.run(INVALIDATE_SCOPE, [scope]);
    } else if (scope !== undefined) {
      // The fence moves first: what is put between the two steps is new, and dropping it costs only a read.
      this.#db.run(MOVE_FENCE, [scope]);
      this.#db.run(DROP_ENTRIES, [scope, prefix.length, prefix]);
    } else {
      this.#db.run(MOVE_ALL_FENCES);
      this.#db.run(INVALIDATE_SCOPES, [prefix.length, prefix]);
      // Keys without a slash are all in the scope "".
      if (prefix !== "") this.#db.run(DROP_ENTRIES, ["", prefix.length, prefix]);
    }
  }

  /** Makes room; answers with the numbers of the entries that went for it. */
  #evict(): ReadonlySet<number> {
    const { maxEntries, maxBytes } = this.#settings;
    const evicted = new Set<number>();
    for (;;) {
      const { entries = 0, bytes = 0 } = this.#db.get(TOTAL) ?? {};
      const tooMany = Number(entries) - maxEntries;
      if (tooMany <= 0 && Number(bytes) <= maxBytes) return evicted;
      const count = Math.max(1, tooMany);
      const gone = this.#db.write(EVICT, [count, count, count]);
      for (const { id } of gone) evicted.add(Number(id));
      // A count of entries that are not there would be waited for for ever.
      if (gone.length === 0) {
        this.#db.run(COUNT_AGAIN);
        return evicted;
      }
    }
  }

  /** A scope without valid entries needs no row if all fences move instead; `kept` is in use. */
  #mergeScopes(kept: string): void {
    if (this.#countScopes() <= this.#mergeAbove) return;
    this.#db.run(MERGE_SCOPES, [kept]);
    // Where most hold entries, looking at all of them again for every new one would be for nothing.
    this.#mergeAbove = Math.max(MAX_SCOPES, Math.floor(this.#countScopes() * 1.1));
  }

  #countScopes(): number {
    return Number(this.#db.get(COUNT_SCOPES)?.scopes);
  }
}

/**
 * A text as SQLite can keep it, different for every different text; and what starts with a text still does. SQLite takes
 * all lone surrogates as one, and its `substr` ends at a NUL.
 */
function storable(text: string): string {
  return text.replace(UNSTORABLE, (unit) => `\u0001${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// Halves of pairs as well, since a prefix may end between them. A LiveTable's keys hold no control characters.
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNSTORABLE = /[\u0000\u0001\ud800-\udfff]/g;

function storableScopeOf(key: string): string | undefined {
  const scope = scopeOf(key);
  return scope === undefined ? undefined : storable(scope);
}

/** A blob, as one driver or another gives it. */
function bytesOf(body: unknown): Uint8Array {
  if (isBytes(body)) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError("An entry must be bytes");
}
