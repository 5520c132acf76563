import { isPromise } from "../../base/maybe_promise.ts";
import type { CachedRows, ChangesSince } from "../../cache/cache.ts";
import { scopeOf } from "../../cache/cache_key.ts";
import { decodeRows } from "../../cache/codec.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import type { Trace } from "../../trace/tracer.ts";
import { entryIn, type RedisEntry } from "./redis_entry.ts";
import { type ScopeKeys, storable } from "./redis_keys.ts";
import { positionIn, recordIn } from "./redis_record.ts";
import { listOf, textOf } from "./redis_reply.ts";
import { RedisScript } from "./redis_script.ts";
import type { ServerAt } from "./redis_server.ts";
import { GET } from "./redis_scripts.ts";
import { fenceOf, type RedisState, stateIn } from "./redis_state.ts";
import type { RedisSteps } from "./redis_steps.ts";

/** An entry, and the state of its scope. */
interface Found {
  readonly state: RedisState;
  readonly entry: RedisEntry;
}

/** The most entries of which it is remembered how far they were behind the log. */
const MOST_BEHIND = 10_000;

const get = new RedisScript(GET);

/**
 * Reads entries. The state and the entry are one `MGET`, whose answer is true of one moment. If the entry was behind the log
 * when it was read last, its records are asked for together with it; otherwise only if it turns out to be. Records from after that
 * moment are left out. Where there are several connections, a script does the same.
 */
export class RedisReads {
  readonly #steps: RedisSteps;
  readonly #trace: Trace | undefined;
  /** The positions of entries that were behind, by key. */
  readonly #behind = new Map<string, number>();

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
      if (this.#steps.server.isUnknown) return await this.#getByScript(key, scope, name);
      const known = this.#steps.server.now();
      const server = isPromise(known) ? await known : known;
      const behind = this.#behind.get(key);
      const answer = this.#steps.calls.send(["MGET", keys.state, name], keys.state, server.connection);
      if (behind !== undefined) return await this.#getBehind(key, keys, server, answer, behind);
      const found = foundIn(listOf(await answer), server.id);
      if (found === undefined) return undefined;
      if (!isBehind(found)) return this.#rows(key, found, []);
      this.#note(key, found);
      return this.#rows(key, found, listOf(await this.#recordsAfter(found.entry.at, keys, server)));
    } catch (error) {
      return await this.#undamaged(key, name, error);
    }
  }

  /** The same, with the records of after the position where the entry was when it was read last. */
  async #getBehind(
    key: string,
    keys: ScopeKeys,
    server: ServerAt,
    answer: Promise<unknown>,
    behind: number,
  ): Promise<CachedRows | undefined> {
    const [values, early] = await Promise.all([answer, this.#recordsAfter(behind, keys, server)]);
    const found = foundIn(listOf(values), server.id);
    if (found === undefined) return undefined;
    const { at } = found.entry;
    this.#note(key, found);
    if (!isBehind(found)) return this.#rows(key, found, []);
    return this.#rows(key, found, listOf(behind <= at ? early : await this.#recordsAfter(at, keys, server)));
  }

  #recordsAfter(at: number, { log }: ScopeKeys, { connection }: ServerAt): Promise<unknown> {
    return this.#steps.calls.send(["XRANGE", log, `(${at}-0`, "+"], log, connection);
  }

  async #getByScript(key: string, scope: string, name: string): Promise<CachedRows | undefined> {
    const answer = await this.#steps.run(get, scope, [], name);
    if (answer === null) return undefined;
    const [state, entry, records, id, time] = listOf(answer);
    this.#steps.server.hasTime(Number(textOf(time)));
    const found = foundIn([state, entry], textOf(id));
    return found && this.#rows(key, found, listOf(records));
  }

  #note(key: string, found: Found): void {
    if (!isBehind(found)) this.#behind.delete(key);
    else if (this.#behind.has(key) || this.#behind.size < MOST_BEHIND) this.#behind.set(key, found.entry.at);
    else this.#behind.clear();
  }

  #rows(key: string, found: Found, records: readonly unknown[]): CachedRows | undefined {
    const { entry: { until, fetchedAt, body }, state } = found;
    const changes = isBehind(found) ? damaging("log dropped", () => changesIn(found, records, storable(key))) : [];
    if (changes === undefined) return undefined;
    const rows = damaging(ENTRY_DROPPED, () => decodeRows(body));
    const intentsDueAt = state.dueAt === undefined ? undefined : this.#steps.server.timeHere(state.dueAt);
    const entry = { rows, fetchedAt, until, intentsDueAt };
    if (!isBehind(found)) return entry;
    const since: ChangesSince = { changes, fence: fenceOf(state) };
    return { ...entry, since };
  }

  /** Traces that something stored cannot be read, and drops it: it is as if it were not there. */
  async #undamaged(key: string, name: string, error: unknown): Promise<undefined> {
    if (!(error instanceof DamageError)) throw error;
    this.#trace?.event({ target: "vantage_live::cache", level: "warn", name: error.message, key, error: error.cause });
    if (error.message === ENTRY_DROPPED) await this.#steps.calls.send(["DEL", name], name);
  }
}

/** The entry and the state in the answer to an `MGET` of them, if they are of each other, and of a server. */
function foundIn([text, bytes]: readonly unknown[], server: string): Found | undefined {
  const state = isNothing(text) ? undefined : stateIn(text);
  if (state?.server !== server || isNothing(bytes)) return undefined;
  const entry = damaging(ENTRY_DROPPED, () => entryIn(bytes));
  return entry.generation === state.generation && entry.at <= state.position ? { state, entry } : undefined;
}

function isNothing(answer: unknown): boolean {
  return answer === null || answer === undefined;
}

function isBehind({ entry, state }: Found): boolean {
  return entry.at < state.position;
}

/**
 * The changes between the position of an entry and that of the state, among records that may be of before and after;
 * `undefined` if one is missing, or invalidates the key.
 */
function changesIn({ entry, state }: Found, records: readonly unknown[], key: string): LoggedChange[] | undefined {
  const changes: LoggedChange[] = [];
  let last = entry.at;
  for (const answer of records) {
    const position = positionIn(answer);
    if (position <= entry.at) continue;
    if (position > state.position) break;
    const { generation, change, prefix } = recordIn(answer);
    if (position !== ++last || generation !== state.generation) return undefined;
    if (change !== undefined) changes.push(change);
    else if (key.startsWith(prefix ?? "")) return undefined;
  }
  return last === state.position ? changes : undefined;
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
