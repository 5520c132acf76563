import type { LogRecord } from "../../cache/cache.ts";
import { decodeChange } from "../../cache/change_codec.ts";
import { type LoggedChange, mayBeSameRow, mayOverlap } from "../../change/logged_change.ts";
import { isBytes } from "../../base/realm.ts";
import { amount, countOf, fieldOf, inBatches, keyPart, type KvDatabase, type KvEntry } from "./deno_kv_database.ts";
import type { KvKey } from "./deno_kv_handle.ts";
import { type FoundLog, type LogState, stateOf } from "./deno_kv_log_state.ts";
import {
  firstDue,
  type KeyPart,
  type LogStep,
  type LogStepContext,
  sizeOf,
  stepOf,
  storedOf,
  writeIdOf,
} from "./deno_kv_log_step.ts";
import { isBelow } from "./deno_kv_scopes.ts";

/** The part of all bytes that changes may take. */
const LOG_SHARE = 1 / 4;
/** How many changes one atomic can add or remove: with their keys, less than its limit of 800 KiB. */
const CHANGES_PER_STEP = 8;
/** How many keys are removed at a time when a log is dropped. */
const KEYS_PER_STEP = 64;

/** The bounds of all logs. */
export interface LogBounds {
  readonly maxScopes: number;
  readonly maxChanges: number;
  readonly maxBytes: number;
}

/** What a record was turned into. */
export interface Added {
  readonly state: LogState;
  /** Whether there is more to do than fits into one atomic. */
  readonly isPart: boolean;
}

/**
 * The logs of all scopes:
 *
 * ```text
 * [namespace, "log", scope]                the state of a log, which every step of it checks and writes
 * [namespace, "change", scope, position]   a change
 * [namespace, "intent", scope, write]      a write that may have been sent: when it is due, and its change
 * [namespace, "count", "logs"]             how many logs there are
 * [namespace, "count", "logged"]           how large all changes are
 * ```
 *
 * A change is never written again, so changes need not be read in one snapshot with the state: one that is missing was
 * removed meanwhile, and an entry that needs it is invalid.
 */
export class KvLogs {
  readonly #db: KvDatabase;
  readonly #maxLogs: number;
  readonly #maxChanges: number;
  readonly #maxBytes: number;
  readonly #logCount: KvKey;
  readonly #byteCount: KvKey;

  constructor(db: KvDatabase, { maxScopes, maxChanges, maxBytes }: LogBounds) {
    this.#db = db;
    this.#maxLogs = maxScopes;
    this.#maxChanges = maxChanges;
    this.#maxBytes = maxBytes * LOG_SHARE;
    this.#logCount = db.key("count", "logs");
    this.#byteCount = db.key("count", "logged");
  }

  /** The key of the state of a scope's log. */
  async key(scope: string): Promise<KvKey> {
    return this.#db.key("log", await keyPart(scope));
  }

  /** Whether one more log is one too many. */
  async isFull(): Promise<boolean> {
    const [count] = await this.#db.read([this.#logCount]);
    return countOf(count) >= this.#maxLogs;
  }

  /**
   * The changes after a position; `undefined` if one of them is missing.
   *
   * @throws any error of the decoder, if one of them is damaged.
   */
  async since({ log, state }: FoundLog, position: number): Promise<readonly LoggedChange[] | undefined> {
    const changes: LoggedChange[] = [];
    const limit = state.position - position;
    if (limit === 0) return changes;
    const range = { start: this.#key(log, "change", position + 1), limit };
    for await (const { key, value } of this.#db.list(["change", scopeIn(log)], range)) {
      const [body, origin, overlaps] = [fieldOf(value, "body"), fieldOf(value, "origin"), fieldOf(value, "overlaps")];
      const at = position + changes.length + 1;
      if (key.at(-1) !== at) return undefined;
      if (!isBytes(body)) throw new TypeError("A change must be bytes");
      changes.push({
        position: at,
        ...(typeof origin === "number" && { from: origin }),
        ...(overlaps === true && { isOverlapping: true }),
        change: decodeChange(body),
      });
    }
    return changes.length === limit ? changes : undefined;
  }

  /**
   * Adds a record; `since` is the position of its fence, if that is valid. Returns `undefined` if another process wrote
   * at the same time.
   */
  async add(found: FoundLog, record: LogRecord, since: number | undefined): Promise<Added | undefined> {
    const writeId = writeIdOf(record);
    const part = writeId === undefined ? undefined : await keyPart(writeId);
    const intents = found.state.dueAt === undefined ? [] : await this.#intents(found.log);
    const place = await this.#placeOf(found, record, since);
    const maxAdded = Math.min(CHANGES_PER_STEP, this.#maxChanges);
    const step = stepOf(record, { intents, part, ...place, maxAdded, maxIntents: this.#maxChanges });
    if (step.ended.length + step.added.length === 0 && step.begun === undefined) {
      return { state: found.state, isPart: false };
    }
    const state = await this.#write(found, step, firstDue(intents, step));
    return state && { state, isPart: record.kind === "overdue" && step.added.length === maxAdded };
  }

  /** Removes a log unless it was written since, and what was written of it before a floor. */
  async remove(log: KvEntry, floor: string): Promise<void> {
    for (const kind of ["change", "intent"]) {
      for await (const batch of inBatches(this.#db.list([kind, scopeIn(log)]), KEYS_PER_STEP)) {
        await this.#erase(batch.filter((each) => isBelow(each, floor)));
      }
    }
    await this.#db.commit((step) => step.check(log).delete(log.key).sum(this.#logCount, amount(-1)));
  }

  /** Removes all logs that were last written before a floor, except those with intents. */
  async removeAll(floor: string): Promise<void> {
    for await (const log of this.#db.list(["log"])) {
      if (isBelow(log, floor) && stateOf(log)?.dueAt === undefined) await this.remove(log, floor);
    }
  }

  async #write(found: FoundLog, step: LogStep, dueAt: number | undefined): Promise<LogState | undefined> {
    const { store, scope, log, state: before } = found;
    const { removed, keeps } = await this.#makeRoom(found, step.added.length);
    const written = keeps ? step.added : [];
    const position = before.position + step.added.length;
    const state: LogState = {
      id: before.id === "" ? crypto.randomUUID() : before.id,
      position,
      floor: keeps ? before.floor + removed.length : position,
      ...(dueAt !== undefined && { dueAt }),
    };
    const { ok } = await this.#db.commit((atomic) => {
      for (const stamp of [store, scope, log]) atomic.check(stamp);
      if (log.versionstamp === null) atomic.sum(this.#logCount, 1n);
      atomic.set(log.key, state).sum(this.#byteCount, amount(sizeOf(written) - sizeOf(removed.map(storedOf))));
      written.forEach((change, at) => atomic.set(this.#key(log, "change", before.position + at + 1), change));
      for (const { key } of [...removed, ...step.ended]) atomic.delete(key);
      if (step.begun !== undefined) atomic.set(this.#key(log, "intent", step.begun.part), step.begun.value);
    });
    return ok ? state : undefined;
  }

  /**
   * Which changes have to go so that others can be added. If all logs are too large, two go for each one, and a log that
   * has none to give begins again after the new ones.
   */
  async #makeRoom({ log, state: { position, floor } }: FoundLog, added: number): Promise<Room> {
    if (added === 0) return { removed: [], keeps: true };
    const [bytes] = await this.#db.read([this.#byteCount]);
    const tooLarge = countOf(bytes) > this.#maxBytes;
    const held = position - floor;
    const surplus = Math.max(held + added - this.#maxChanges, tooLarge ? 2 * added : 0);
    const count = Math.min(surplus, held, 2 * CHANGES_PER_STEP);
    const keys = Array.from({ length: count }, (_, at) => this.#key(log, "change", floor + at + 1));
    return { removed: await this.#db.read(keys), keeps: held > 0 || !tooLarge };
  }

  /** How a change stands to what was logged since a position, if that is known. */
  async #placeOf(found: FoundLog, record: LogRecord, since: number | undefined): Promise<Place> {
    if (record.kind !== "change" || record.since === undefined) return { origin: undefined, overlaps: false };
    const { change } = record;
    const others = since === undefined ? undefined : await this.#knownSince(found, since);
    if (others === undefined) return { origin: undefined, overlaps: change.cause === "write" };
    const isNewest = change.kind !== "changed" && !others.some(({ change: other }) => mayBeSameRow(other, change));
    return {
      origin: isNewest ? since : undefined,
      overlaps: others.some(({ change: other }) => mayOverlap(other, change)),
    };
  }

  async #knownSince(found: FoundLog, position: number): Promise<readonly LoggedChange[] | undefined> {
    try {
      return await this.since(found, position);
    } catch {
      // One of them is damaged.
      return undefined;
    }
  }

  async #intents(log: KvEntry): Promise<readonly KvEntry[]> {
    const intents: KvEntry[] = [];
    for await (const intent of this.#db.list(["intent", scopeIn(log)])) intents.push(intent);
    return intents;
  }

  #key(log: KvEntry, kind: string, part: KeyPart): KvKey {
    return this.#db.key(kind, scopeIn(log), part);
  }

  async #erase(entries: readonly KvEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const changes = entries.filter(({ key }) => key[1] === "change");
    await this.#db.commit((step) => {
      step.sum(this.#byteCount, amount(-sizeOf(changes.map(storedOf))));
      for (const entry of entries) step.check(entry).delete(entry.key);
    });
  }
}

/** How a change stands to the others. */
type Place = Pick<LogStepContext, "origin" | "overlaps">;

/** The changes that go, and whether new ones can be kept then. */
interface Room {
  readonly removed: readonly KvEntry[];
  readonly keeps: boolean;
}

/** The part of a key that stands for the scope. */
function scopeIn({ key }: KvEntry): KeyPart {
  return key[2] ?? "";
}
