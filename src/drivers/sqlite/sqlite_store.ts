import { checkOptions, checkTools } from "../../base/check_options.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { Trace, Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { scopeOf } from "../../cache/cache_key.ts";
import { HALF_STEP } from "../../cache/scope_log.ts";
import { decodeRows, encodeRows } from "../../cache/codec.ts";
import { bytesOf, sizeOfText, storable } from "./sqlite_storable.ts";
import { reportDamage } from "./sqlite_damage.ts";
import { IN_REACH, marksOf, SqliteLog } from "./sqlite_log.ts";

/** Runs the statements of a store. */
export interface SqliteRunner {
  /** Returns the first row of a query that does not write. */
  get(sql: string, params?: readonly SqliteParam[]): Record<string, unknown> | undefined;
  /** Returns all rows of a query that does not write. */
  all(sql: string, params?: readonly SqliteParam[]): Record<string, unknown>[];
  /** Runs a statement that writes and returns rows, to its end. */
  write(sql: string, params?: readonly SqliteParam[]): Record<string, unknown>[];
  /** Runs a statement that returns nothing. */
  run(sql: string, params?: readonly SqliteParam[]): void;
}

/** A value that a store binds to a parameter. */
export type SqliteParam = null | number | string | Uint8Array;

/** The bounds of a store. */
export interface SqliteStoreSettings {
  readonly maxEntries: number;
  readonly maxScopes: number;
  readonly maxBytes: number;
  /** The most changes of a scope in the log, and the most intents. */
  readonly maxChanges: number;
  /** The most bytes of rows in one entry. */
  readonly maxEntryBytes: number;
  readonly trace: Trace | undefined;
}

interface Options {
  readonly maxEntries?: number | undefined;
  readonly maxScopes?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly maxChanges?: number | undefined;
  readonly tracer?: Tracer | undefined;
}

/** The part of all bytes that changes may take. */
const LOG_SHARE = 1 / 4;
/** How many changes are dropped at a time if they take more. */
const CHANGES_PER_STEP = 8;
/** How many invalidated entries one `put` deletes. */
const SWEEP_ENTRIES = 16;
const GET = `SELECT e.fetched_at AS fetchedAt, e.body AS body, e.at AS at, e.until AS until, s.id AS scope,
  s.last AS last, s.due AS due FROM vantage_entry e JOIN vantage_scope s ON s.id = e.scope
  WHERE e.key = ? AND e.at >= s.generation`;
const FENCE = `SELECT t.store || ':' || coalesce(max(t.beyond, s.fence), t.floor) AS fence
  FROM vantage_total t LEFT JOIN vantage_scope s ON s.name = ?`;
const ADD_SCOPE = `INSERT INTO vantage_scope (name, size, fence, barrier, generation) SELECT ?, ?, floor, floor, floor
  FROM vantage_total WHERE true ON CONFLICT DO NOTHING RETURNING id`;
const NOW = "max(t.beyond, s.fence)";
/** What is stored while a write is in flight may have been read after the write was sent. */
const LANDED = `(${NOW} + ${HALF_STEP} * (s.due IS NOT NULL))`;
const PUT = `INSERT INTO vantage_entry (key, scope, at, until, fetched_at, size, body)
  SELECT ?, s.id, coalesce(f.at, ${NOW}), min(coalesce(f.until, ${LANDED}), ${LANDED}), ?, ?, ?
  FROM (SELECT ? AS store, ? AS at, ? AS until) f, vantage_total t JOIN vantage_scope s ON s.name = ?
  WHERE f.store IS NULL OR ${IN_REACH}
  ON CONFLICT (key) DO UPDATE SET id = (SELECT max(id) + 1 FROM vantage_entry), at = excluded.at,
    until = excluded.until, fetched_at = excluded.fetched_at, size = excluded.size, body = excluded.body
    WHERE excluded.at >= vantage_entry.at
  RETURNING id, (SELECT dead FROM vantage_scope s WHERE s.id = scope) AS dead`;
const NEXT_FENCE = "max(fence, (SELECT floor FROM vantage_total)) + 1";
/** Changes one row, whatever the scope holds. */
const INVALIDATE_SCOPE = `UPDATE vantage_scope SET fence = ${NEXT_FENCE}, barrier = ${NEXT_FENCE},
  generation = ${NEXT_FENCE}, dead = entries WHERE name = ? RETURNING id`;
const MOVE_FENCE =
  `UPDATE vantage_scope SET fence = ${NEXT_FENCE}, barrier = ${NEXT_FENCE} WHERE name = ? RETURNING id`;
const ADD_INVALIDATED = `INSERT INTO vantage_scope (name, size, fence, barrier, generation)
  SELECT ?, ?, floor + 1, floor + 1, floor + 1 FROM vantage_total WHERE true ON CONFLICT DO NOTHING RETURNING id`;
const MOVE_ALL_FENCES = `UPDATE vantage_total SET (floor, beyond) = (SELECT highest, highest FROM
  (SELECT max(floor, coalesce((SELECT max(fence) FROM vantage_scope), 0)) + 1 AS highest))`;
/** Counts the dead, since an entry that was put after the fences moved is not. */
const INVALIDATE_SCOPES = `UPDATE vantage_scope SET generation = beyond, dead = (SELECT count(*) FROM vantage_entry e
  WHERE e.scope = vantage_scope.id AND e.at < beyond) FROM vantage_total WHERE vantage_scope.entries > dead AND `;
const DROP_ENTRIES = "DELETE FROM vantage_entry WHERE scope = (SELECT id FROM vantage_scope WHERE name = ?) AND ";
const TOTALS = "SELECT entries, scopes, bytes, logged FROM vantage_total";
const SWEEP = `DELETE FROM vantage_entry WHERE id IN (SELECT e.id FROM vantage_scope s
  JOIN vantage_entry e ON e.scope = s.id AND e.at < s.generation WHERE s.name = ? LIMIT ${SWEEP_ENTRIES})`;
// One scope at a time. The cross join makes SQLite read the scope before the entries.
const DROP_DEAD = `DELETE FROM vantage_entry WHERE id IN (SELECT e.id
  FROM (SELECT id, generation FROM vantage_scope WHERE dead > 0 LIMIT 1) s CROSS JOIN vantage_entry e
  WHERE e.scope = s.id AND e.at < s.generation LIMIT ?) RETURNING id`;
// Of the empty scopes, one without intents, and the one with the lowest fence, so that the floor rises least.
const FORGET_SCOPE = `DELETE FROM vantage_scope WHERE id = (SELECT id FROM vantage_scope
  WHERE entries = 0 AND name IS NOT ? ORDER BY intents > 0, fence LIMIT 1) RETURNING id`;
const DROP_OLDEST = `DELETE FROM vantage_entry WHERE id IN
  (SELECT id FROM vantage_entry WHERE id <> ? ORDER BY id LIMIT ?) RETURNING id`;
const DROP_CHANGES = `DELETE FROM vantage_change WHERE id IN
  (SELECT id FROM vantage_change ORDER BY id LIMIT ${CHANGES_PER_STEP}) RETURNING id`;
const COUNT_AGAIN = [
  `UPDATE vantage_scope SET (entries, dead) = (SELECT count(*), count(*) FILTER (WHERE e.at < vantage_scope.generation)
    FROM vantage_entry e WHERE e.scope = vantage_scope.id)`,
  `UPDATE vantage_scope SET changes = (SELECT count(*) FROM vantage_change c WHERE c.scope = vantage_scope.id)`,
  `UPDATE vantage_scope SET (intents, due) = (SELECT count(*), min(due_at) FROM vantage_intent i
    WHERE i.scope = vantage_scope.id)`,
  `UPDATE vantage_total SET logged = (SELECT total(size) FROM vantage_change)`,
  `UPDATE vantage_total SET (entries, bytes) = (SELECT count(*), total(size) + vantage_total.logged
    + (SELECT total(size) FROM vantage_intent) FROM vantage_entry)`,
  `UPDATE vantage_total SET (scopes, bytes) = (SELECT count(*), total(size) + vantage_total.bytes FROM vantage_scope)`,
];

/**
 * A part of a `WHERE` that tests for a prefix, with two parameters: the prefix, and the prefix followed by {@linkcode
 * LAST}.
 */
type StartsWith = (column: string) => string;

/** In UTF-8, texts with the same prefix sort together, so an index finds them. */
const inOrder: StartsWith = (column) => `${column} >= ? AND ${column} < ?`;
/** In UTF-16 they do not, since the lower byte of a code unit may come first. */
const oneByOne: StartsWith = (column) => `instr(${column}, ?) = 1 AND ? IS NOT NULL`;
/** Sorts after every character that `storable` leaves. */
const LAST = "\u{10ffff}";

/**
 * Settings from a user's options, for a database whose entries can have at most `maxEntryBytes` bytes.
 *
 * @throws {RangeError} if a bound is not a whole number of at least 1.
 */
export function storeSettings(options: Options, maxEntryBytes: number = Infinity): SqliteStoreSettings {
  checkOptions("the cache", options, ["maxEntries", "maxScopes", "maxBytes", "maxChanges", "tracer"]);
  checkTools(options);
  const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
  return {
    maxEntries: wholeNumber("maxEntries", options.maxEntries ?? 100_000),
    maxScopes: wholeNumber("maxScopes", options.maxScopes ?? 10_000),
    maxBytes,
    maxChanges: wholeNumber("maxChanges", options.maxChanges ?? 1_000),
    maxEntryBytes: Math.min(maxEntryBytes, maxBytes),
    trace: options.tracer?.trace({}),
  };
}

/**
 * A cache in the tables of `createSchema`, in any SQLite database. Invalidated entries are evicted first, then those
 * put longest ago, independent of the clocks of processes.
 */
export class SqliteStore implements Cache {
  readonly #db: SqliteRunner;
  readonly #settings: SqliteStoreSettings;
  readonly #log: SqliteLog;
  #startsWith: StartsWith | undefined;

  constructor(db: SqliteRunner, settings: SqliteStoreSettings) {
    this.#db = db;
    this.#settings = settings;
    this.#log = new SqliteLog(db, settings);
  }

  get(key: string): CachedRows | undefined {
    const found = this.#db.get(GET, [storable(key)]);
    if (found === undefined) return undefined;
    const behind = Number(found.at) < Number(found.last);
    const since = behind ? this.#log.since(Number(found.scope), Number(found.at)) : NOTHING_SINCE;
    if (since === undefined) return undefined;
    try {
      const rows = decodeRows(bytesOf(found.body));
      const intentsDueAt = found.due === null ? undefined : Number(found.due);
      return { rows, fetchedAt: Number(found.fetchedAt), until: Number(found.until), intentsDueAt, ...since };
    } catch (error) {
      reportDamage(this.#settings.trace, "entry dropped", error, key);
      this.#db.run("DELETE FROM vantage_entry WHERE key = ?", [storable(key)]);
      return undefined;
    }
  }

  fence(key: string): Fence {
    return String(this.#db.get(FENCE, [storableScopeOf(key) ?? ""])?.fence);
  }

  put(key: string, { rows, fetchedAt, until }: CachedRows, fence?: Fence): boolean {
    const { maxBytes, maxEntryBytes } = this.#settings;
    const body = encodeRows(rows);
    const name = storable(key);
    const scope = storableScopeOf(key) ?? "";
    const size = body.length + sizeOfText(name);
    if (size + sizeOfText(scope) > maxBytes || body.length > maxEntryBytes) return false;
    const mark = fence === undefined ? [null, null] : marksOf(fence);
    const stored =
      this.#inScope(scope, () => this.#db.write(PUT, [name, fetchedAt, size, body, ...mark, until ?? null, scope]))[0];
    // Deletes dead entries in small steps, as new entries of the scope are put.
    if (Number(stored?.dead ?? 0) > 0) this.#db.run(SWEEP, [scope]);
    this.#makeRoom({ scope, id: Number(stored?.id ?? 0) });
    return stored !== undefined;
  }

  log(prefix: string, record: LogRecord): Fence {
    const scope = storable(prefix);
    const step = (): readonly Fence[] => this.#log.record(scope, record);
    const [fence] = record.kind === "change" || record.kind === "intent" ? this.#inScope(scope, step) : step();
    this.#makeRoom({ scope, id: 0 });
    return fence ?? this.fence(prefix);
  }

  invalidatePrefix(text: string): void {
    const prefix = storable(text);
    const scope = scopeOf(prefix);
    if (scope === undefined) return this.#invalidateScopes(prefix);
    const whole = scope === prefix;
    // The fence moves first: an entry put between the two steps is fresh, and dropping it costs only a read.
    this.#moveFence(whole ? INVALIDATE_SCOPE : MOVE_FENCE, scope);
    if (!whole) this.#dropEntries(scope, prefix);
  }

  /** Runs a step that returns nothing where the scope has no row; if so, adds one and runs it again. */
  #inScope<T>(scope: string, step: () => readonly T[]): readonly T[] {
    const done = step();
    return done.length > 0 || !this.#writes(ADD_SCOPE, scope, sizeOfText(scope)) ? done : step();
  }

  /** Inserts a row for a scope that has none. If another process did so in between, tries again. */
  #moveFence(move: string, scope: string): void {
    if (this.#writes(move, scope)) return;
    if (!this.#writes(ADD_INVALIDATED, scope, sizeOfText(scope))) return this.#moveFence(move, scope);
    this.#makeRoom({ scope: null, id: 0 });
  }

  #invalidateScopes(prefix: string): void {
    this.#db.run(MOVE_ALL_FENCES);
    this.#db.run(INVALIDATE_SCOPES + this.#whereStarting("name"), [prefix, prefix + LAST]);
    // Keys without a slash all belong to the scope "".
    if (prefix !== "") this.#dropEntries("", prefix);
  }

  #dropEntries(scope: string, prefix: string): void {
    this.#db.run(DROP_ENTRIES + this.#whereStarting("key"), [scope, prefix, prefix + LAST]);
  }

  #whereStarting(column: string): string {
    this.#startsWith ??= Number(this.#db.get("SELECT length(CAST('a' AS BLOB)) AS n")?.n) === 1 ? inOrder : oneByOne;
    return this.#startsWith(column);
  }

  /** Evicts until all bounds are met, except for this scope and this entry. */
  #makeRoom(kept: Kept): void {
    const { maxEntries, maxScopes, maxBytes } = this.#settings;
    for (;;) {
      const { entries = 0, scopes = 0, bytes = 0, logged = 0 } = this.#db.get(TOTALS) ?? {};
      const tooMany = Math.max(Number(entries) - maxEntries, 0);
      const tooManyScopes = Number(scopes) > maxScopes;
      const tooLarge = Number(bytes) > maxBytes;
      const tooLong = Number(logged) > maxBytes * LOG_SHARE;
      if (tooMany === 0 && !tooManyScopes && !tooLarge && !tooLong) return;
      if (tooLong && this.#writes(DROP_CHANGES)) continue;
      const count = Math.max(tooMany, 1);
      const dropped = this.#writes(DROP_DEAD, count) ||
        ((tooManyScopes || tooLarge) && this.#writes(FORGET_SCOPE, kept.scope)) ||
        this.#writes(DROP_OLDEST, kept.id, count) ||
        this.#writes(DROP_CHANGES);
      // Nothing left to drop means wrong counts: without a recount, this loop would never end.
      if (!dropped) return COUNT_AGAIN.forEach((sql) => this.#db.run(sql));
    }
  }

  #writes(sql: string, ...params: SqliteParam[]): boolean {
    return this.#db.write(sql, params).length > 0;
  }
}

const NOTHING_SINCE = {};

/** The scope and the entry that must not be evicted. */
interface Kept {
  readonly scope: string | null;
  readonly id: number;
}

function storableScopeOf(key: string): string | undefined {
  const scope = scopeOf(key);
  return scope === undefined ? undefined : storable(scope);
}
