import type { CachedRows, ChangesSince } from "../../cache/cache.ts";
import { scopeOf } from "../../cache/cache_key.ts";
import { decodeRows } from "../../cache/codec.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import type { Trace } from "../../trace/tracer.ts";
import { entryIn, type RedisEntry } from "./redis_entry.ts";
import { storable } from "./redis_keys.ts";
import { recordIn } from "./redis_record.ts";
import { listOf, textOf } from "./redis_reply.ts";
import { RedisScript } from "./redis_script.ts";
import { GET } from "./redis_scripts.ts";
import { dueIn, fenceOf, stateIn } from "./redis_state.ts";
import type { RedisSteps } from "./redis_steps.ts";

/** An entry, and what was logged after it. */
interface Found {
  readonly entry: RedisEntry;
  readonly position: number;
  readonly dueAt: number | undefined;
  readonly records: readonly unknown[];
}

/** So many reads of a scope after one that found changes expect to find some. */
const READS_AFTER_CHANGES = 64;
/** The most scopes of which that is remembered. */
const MOST_CHANGED = 1_000;

const get = new RedisScript(GET);

/**
 * Reads entries. Where nothing was logged after an entry, the state and the entry are all that is needed, in one `MGET`; a
 * script also answers with the records, but takes longer. In a scope that changes, the script is tried first.
 */
export class RedisReads {
  readonly #steps: RedisSteps;
  readonly #trace: Trace | undefined;
  /** How many more reads of a scope use the script. */
  readonly #changed = new Map<string, number>();

  constructor(steps: RedisSteps, trace: Trace | undefined) {
    this.#steps = steps;
    this.#trace = trace;
  }

  /** The entry under a key. */
  async get(key: string): Promise<CachedRows | undefined> {
    const scope = scopeOf(key) ?? "";
    const keys = this.#steps.keys.ofScope(scope);
    const name = keys.entries + storable(key.slice(scope.length));
    try {
      if (this.#expectsChanges(scope)) return this.#rows(key, await this.#step(scope, name));
      const known = this.#steps.server.id();
      const server = typeof known === "string" ? known : await known;
      const answers = await this.#steps.calls.send(["MGET", keys.state, name], keys.state);
      const found = this.#inAnswers(answers, server);
      return this.#rows(
        key,
        found !== undefined && isBehind(found) ? await this.#step(scope, name, found.entry) : found,
      );
    } catch (error) {
      return await this.#undamaged(key, name, error);
    }
  }

  #expectsChanges(scope: string): boolean {
    return this.#steps.server.isUnknown || this.#changed.has(scope);
  }

  #inAnswers(answers: unknown, server: string): Found | undefined {
    const [text, bytes] = listOf(answers);
    const state = text === null ? undefined : stateIn(text);
    if (state?.server !== server || bytes === null || bytes === undefined) return undefined;
    const entry = entryOf(bytes);
    const { generation, position, dueAt } = state;
    if (entry.generation !== generation || entry.at > position) return undefined;
    return { entry, position, dueAt, records: [] };
  }

  /** The entry, or what is known of it, and what was logged after it. */
  async #step(scope: string, name: string, known?: RedisEntry): Promise<Found | undefined> {
    const marks = known === undefined ? ["", ""] : [known.generation, String(known.at)];
    const answer = await this.#steps.run(get, scope, marks, name);
    if (answer === null) return undefined;
    const [position, due, records, bytes] = listOf(answer);
    const found = {
      entry: known ?? entryOf(bytes),
      position: Number(textOf(position)),
      dueAt: dueIn(textOf(due)),
      records: listOf(records),
    };
    this.#note(scope, found.records.length > 0);
    return found;
  }

  #note(scope: string, hasChanges: boolean): void {
    const left = hasChanges ? READS_AFTER_CHANGES : (this.#changed.get(scope) ?? 0) - 1;
    if (left <= 0) this.#changed.delete(scope);
    else if (this.#changed.has(scope) || this.#changed.size < MOST_CHANGED) this.#changed.set(scope, left);
  }

  #rows(key: string, found: Found | undefined): CachedRows | undefined {
    if (found === undefined) return undefined;
    const { entry: { generation, until, fetchedAt, body }, position, dueAt, records } = found;
    const changes = records.length === 0 ? [] : damaging("log dropped", () => changesIn(records, storable(key)));
    if (changes === undefined) return undefined;
    const rows = damaging(ENTRY_DROPPED, () => decodeRows(body));
    if (!isBehind(found)) return { rows, fetchedAt, until, intentsDueAt: dueAt };
    const since: ChangesSince = { changes, fence: fenceOf({ generation, position }) };
    return { rows, fetchedAt, until, intentsDueAt: dueAt, since };
  }

  /** Traces that something stored cannot be read, and drops it: it is as if it were not there. */
  async #undamaged(key: string, name: string, error: unknown): Promise<undefined> {
    if (!(error instanceof DamageError)) throw error;
    this.#trace?.event({ target: "vantage_live::cache", level: "warn", name: error.message, key, error: error.cause });
    if (error.message === ENTRY_DROPPED) await this.#steps.calls.send(["DEL", name], name);
  }
}

function isBehind({ entry: { at }, position }: Found): boolean {
  return at < position;
}

function entryOf(bytes: unknown): RedisEntry {
  return damaging(ENTRY_DROPPED, () => entryIn(bytes));
}

/** The changes in records; `undefined` if one of them invalidates the key. */
function changesIn(records: readonly unknown[], key: string): readonly LoggedChange[] | undefined {
  const changes: LoggedChange[] = [];
  for (const record of records) {
    const { change, prefix } = recordIn(record);
    if (change !== undefined) changes.push(change);
    else if (key.startsWith(prefix ?? "")) return undefined;
  }
  return changes;
}

const ENTRY_DROPPED = "entry dropped";

/** Says that what is stored cannot be read, and what follows from that. */
class DamageError extends Error {}

function damaging<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new DamageError(message, { cause });
  }
}
