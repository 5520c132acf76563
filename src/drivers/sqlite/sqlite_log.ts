import type { CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { decodeChange, encodeChange } from "../../cache/change_codec.ts";
import type { Change } from "../../change/change.ts";
import { type LoggedChange, withoutColumns } from "../../change/logged_change.ts";
import { reportDamage } from "./sqlite_damage.ts";
import { bytesOf, OVERHEAD_BYTES, sizeOfText, storable } from "./sqlite_storable.ts";
import type { SqliteParam, SqliteRunner, SqliteStoreSettings } from "./sqlite_store.ts";

/**
 * Whether the fence `f` (its store, and its position `at`) is one of this store that the log of scope `s` reaches back
 * to, and nothing of the scope was invalidated since.
 */
export const IN_REACH = `(f.store = t.store AND f.at BETWEEN max(t.beyond, s.barrier, s.generation)
  AND max(t.beyond, s.fence))`;

/** The fence that a logged change leads to. */
const NEW_FENCE = "(SELECT store FROM vantage_total) || ':' || position AS fence, position";
/** The fence of a scope that did not move. */
const OLD_FENCE = `(SELECT t.store || ':' || max(t.beyond, s.fence) FROM vantage_total t JOIN vantage_scope s
  WHERE s.id = scope) AS fence`;
/**
 * The row of the answer is that of its write only if no other writer's answer was logged since it was sent. If that is one of
 * another write, or the log does not reach back to then, the writes overlap.
 */
const LOG_CHANGE = `INSERT INTO vantage_change (scope, position, origin, overlaps, write_id, row_id, size, body)
  SELECT s.id, max(s.fence, t.floor) + 1, CASE WHEN ${IN_REACH} AND f.row_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM vantage_change c WHERE c.scope = s.id AND c.position > f.at
      AND (c.row_id IS NULL OR c.row_id = f.row_id)) THEN f.at END,
    CASE WHEN f.store IS NOT NULL AND f.write_id IS NOT NULL AND (${IN_REACH} IS NOT TRUE OR EXISTS (
      SELECT 1 FROM vantage_change c WHERE c.scope = s.id AND c.position > f.at AND c.write_id <> f.write_id
      AND (c.row_id IS NULL OR f.row_id IS NULL OR c.row_id = f.row_id))) THEN 1 END, f.write_id, f.row_id, ?, ?
  FROM (SELECT ? AS store, ? AS at, ? AS write_id, ? AS row_id) f, vantage_total t JOIN vantage_scope s ON s.name = ?
  RETURNING ${NEW_FENCE}, (SELECT changes FROM vantage_scope s WHERE s.id = scope) AS changes`;
const LOG_INTENT = `INSERT INTO vantage_intent (scope, write_id, row_id, due_at, size, body)
  SELECT id, ?, ?, ?, ?, ? FROM vantage_scope WHERE name = ?
  ON CONFLICT (scope, write_id) DO UPDATE SET row_id = excluded.row_id, due_at = excluded.due_at,
    size = excluded.size, body = excluded.body
  RETURNING ${OLD_FENCE}, (SELECT intents FROM vantage_scope s WHERE s.id = scope) AS intents`;
const END_INTENT = `DELETE FROM vantage_intent WHERE scope = (SELECT id FROM vantage_scope WHERE name = ?)
  AND write_id = ? RETURNING ${OLD_FENCE}`;
/** A write that may be of the same row. One that is sent after this look is in no change that is known already. */
const OTHER_INTENT = `SELECT 1 AS found FROM vantage_scope s JOIN vantage_intent i ON i.scope = s.id
  WHERE s.name = ? AND s.intents > 0 AND i.write_id <> ? AND (i.row_id IS NULL OR i.row_id = ?) LIMIT 1`;
const turnIntents = (which: string): string =>
  `INSERT INTO vantage_change (scope, position, write_id, row_id, size, body)
  SELECT s.id, max(s.fence, t.floor) + row_number() OVER (ORDER BY i.id), i.write_id, i.row_id, i.size, i.body
  FROM vantage_total t JOIN vantage_scope s JOIN vantage_intent i ON i.scope = s.id WHERE s.name = ? AND ${which}
  ORDER BY i.id RETURNING ${NEW_FENCE}, (SELECT changes FROM vantage_scope s WHERE s.id = scope) AS changes`;
const TURN_OVERDUE = turnIntents("(i.due_at <= ? OR i.due_at > ?)");
const TURN_OLDEST = turnIntents("i.id IN (SELECT id FROM vantage_intent WHERE scope = s.id ORDER BY id LIMIT ?)");
const SINCE = `SELECT c.position AS position, c.origin AS origin, c.overlaps AS overlaps, c.body AS body,
  s.due AS due, t.store || ':' || max(t.beyond, s.fence) AS fence
  FROM vantage_total t JOIN vantage_scope s JOIN vantage_change c ON c.scope = s.id
  WHERE s.id = ? AND s.generation <= ? AND c.position > ? ORDER BY c.position`;
const CUT = `DELETE FROM vantage_change WHERE scope = ? AND position <= ?`;
const CUT_HALF = `DELETE FROM vantage_change WHERE id IN (SELECT c.id FROM vantage_scope s JOIN vantage_change c
  ON c.scope = s.id WHERE s.name = ? AND s.changes > ? ORDER BY c.position LIMIT ?)`;

/** What `get` answers with besides the entry itself. */
export type Since = Pick<CachedRows, "since" | "intentsDueAt">;

/** The logs of all scopes: changes, and intents that become changes. Each record is one statement. */
export class SqliteLog {
  readonly #db: SqliteRunner;
  readonly #settings: SqliteStoreSettings;

  constructor(db: SqliteRunner, settings: SqliteStoreSettings) {
    this.#db = db;
    this.#settings = settings;
  }

  /** Adds a record; returns the fence after it, or nothing if the scope has no row or the record moves nothing. */
  record(scope: string, record: LogRecord): readonly Fence[] {
    switch (record.kind) {
      case "change":
        return this.#change(scope, record.change, record.since);
      case "intent":
        return this.#intent(scope, record);
      case "settled":
        return this.#db.write(END_INTENT, [scope, storable(record.writeId)]).map(fenceOf);
      case "overdue":
        return this.#turn(TURN_OVERDUE, [scope, record.now, record.now + record.spanMs]);
      default:
        return record satisfies never;
    }
  }

  /** The changes of a scope after a position; `undefined` if the log does not reach back to it, or is damaged. */
  since(scope: number, position: number): Since | undefined {
    const found = this.#db.all(SINCE, [scope, position, position]);
    const { fence, due = null } = found.at(-1) ?? {};
    if (fence === undefined) return undefined;
    const changes: LoggedChange[] = [];
    for (const row of found) {
      const change = this.#decode(scope, row);
      if (change === undefined) return undefined;
      changes.push(change);
    }
    const intentsDueAt = due === null ? undefined : Number(due);
    return { since: { changes, fence: String(fence) }, intentsDueAt };
  }

  #decode(scope: number, { position, origin, overlaps, body }: Record<string, unknown>): LoggedChange | undefined {
    try {
      const change = decodeChange(bytesOf(body));
      const from = origin === null ? undefined : Number(origin);
      const isOverlapping = overlaps !== null;
      return {
        position: Number(position),
        ...(from !== undefined && { from }),
        ...(isOverlapping && { isOverlapping }),
        change,
      };
    } catch (error) {
      reportDamage(this.#settings.trace, "log dropped", error);
      this.#db.run(CUT, [scope, Number(position)]);
      return undefined;
    }
  }

  #change(scope: string, change: Change, since: Fence | undefined): readonly Fence[] {
    const writeId = change.cause === "write" ? storable(change.writeId) : null;
    const rowId = rowIdOf(change);
    const inFlight = this.#db.get(OTHER_INTENT, [scope, writeId ?? "", rowId]) !== undefined;
    const body = encodeChange(inFlight ? withoutColumns(change) : change);
    const size = sizeOf(body, writeId, rowId);
    const marks = since === undefined ? [null, null] : marksOf(since);
    return this.#cut(scope, this.#db.write(LOG_CHANGE, [size, body, ...marks, writeId, rowId, scope]));
  }

  #intent(scope: string, { change, writeId, dueAt }: LogRecord & { readonly kind: "intent" }): readonly Fence[] {
    const body = encodeChange(change);
    const [id, rowId] = [storable(writeId), rowIdOf(change)];
    const size = sizeOf(body, id, rowId);
    const logged = this.#db.write(LOG_INTENT, [id, rowId, dueAt, size, body, scope]);
    const surplus = Number(logged[0]?.intents ?? 0) + 1 - this.#settings.maxChanges;
    const moved = surplus > 0 ? this.#turn(TURN_OLDEST, [scope, surplus]) : [];
    return moved.length > 0 ? moved : logged.map(fenceOf);
  }

  /** Makes changes of intents whose outcome is not known. */
  #turn(sql: string, params: readonly SqliteParam[]): readonly Fence[] {
    return this.#cut(String(params[0]), this.#db.write(sql, params));
  }

  /**
   * Cuts a log that is too long by half, so that a full log costs no more than one that is not. Returns the fence of the
   * last of these changes.
   */
  #cut(scope: string, logged: readonly Record<string, unknown>[]): readonly Fence[] {
    const { maxChanges } = this.#settings;
    const last = logged.at(-1);
    if (last === undefined) return [];
    // Counted before these changes.
    const changes = Number(last.changes) + logged.length;
    if (changes > maxChanges) this.#db.run(CUT_HALF, [scope, maxChanges, changes - Math.ceil(maxChanges / 2)]);
    return [fenceOf(last)];
  }
}

/** The store and the position of a fence. A fence of another kind has neither. */
export function marksOf(fence: Fence): [store: string, position: number] {
  const [store = "", position] = String(fence).split(":");
  return [store, position === undefined ? -1 : Number(position)];
}

function fenceOf({ fence }: Record<string, unknown>): Fence {
  return String(fence);
}

function rowIdOf(change: Change): string | null {
  return change.kind === "changed" ? null : storable(change.id);
}

/** Each record is in a table and an index. */
function sizeOf(body: Uint8Array, ...texts: readonly (string | null)[]): number {
  return texts.reduce((sum, text) => sum + (text === null ? 0 : sizeOfText(text)), OVERHEAD_BYTES + body.length);
}
