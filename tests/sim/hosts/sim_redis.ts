import { createHash } from "node:crypto";
import type { RedisCommand } from "@vantage/live/redis";
import type { Chance } from "../chance.ts";
import { runScript, SCRIPTS } from "./sim_scripts.ts";

/** A record of a stream: its number, and what is in its field. */
type StreamRecord = readonly [number: number, field: string];

/** What a key holds. Texts have one character for each byte. */
type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "stream"; readonly records: readonly StreamRecord[]; readonly last: number }
  | { readonly kind: "hash"; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: "scores"; readonly scores: ReadonlyMap<string, number> };

interface Held {
  readonly value: Value;
  readonly dieAt: number;
}

/** What a server had at one moment. */
export type Dump = ReadonlyMap<string, Held>;

/** What a {@linkcode SimRedis} works with. */
export interface SimRedisOptions {
  /** Its wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Called with each command that changes something, those of scripts included; `sender` is what came with the call. */
  readonly onChange?: (command: readonly string[], sender: unknown) => void;
}

/**
 * Redis as `RedisCache` uses it: its commands, and its scripts as functions (`sim_scripts.ts`). It can be restarted from an
 * older dump, as another process, and lose any key.
 */
export class SimRedis {
  readonly #options: SimRedisOptions;
  readonly #keys = new Map<string, Held>();
  readonly #loaded = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #process = 0;
  #history = 0;
  #sender: unknown;
  #added = false;

  constructor(options: SimRedisOptions) {
    this.#options = options;
  }

  /** What it holds, which later changes do not affect. */
  dump(): Dump {
    return new Map(this.#keys);
  }

  /** Another process has its address, with what was dumped. It is of the same history unless it was promoted. */
  restart(dump: Dump, isPromoted: boolean): void {
    this.#process++;
    if (isPromoted) this.#history++;
    this.#loaded.clear();
    this.#keys.clear();
    for (const [key, held] of dump) this.#keys.set(key, held);
  }

  /** Evicts a key of a scope, if there is one. */
  evict(chance: Chance): void {
    const names = [...this.#keys.keys()].filter((name) => name.includes("{")).sort();
    if (names.length > 0) this.#keys.delete(chance.pick(names));
  }

  /** Whether a hash has a field. */
  hasField(key: string, field: string): boolean {
    return this.#hash(key).has(field);
  }

  /** Calls `look` after each command that has added records, until the returned function is called. */
  onAppended(look: () => void): () => void {
    this.#waiting.add(look);
    return () => void this.#waiting.delete(look);
  }

  /**
   * Executes a command of a client. Its answer has bytes for texts.
   *
   * @throws {Error} whose message begins with Redis's code.
   */
  execute(command: RedisCommand, sender?: unknown): unknown {
    this.#sender = sender;
    const [name = "", ...args] = command.map(binaryOf);
    const answer = name === "EVAL" || name === "EVALSHA" ? this.#run(name, args) : this.call(name, ...args);
    const added = this.#added;
    this.#added = false;
    if (added) { for (const look of this.#waiting) look(); }
    return encoded(answer);
  }

  /** Executes a command, whose arguments and answer are texts with one character for each byte. */
  call(name: string, ...given: readonly (string | number)[]): unknown {
    const args = given.map(String);
    const [key = "", first = "", second = ""] = args;
    switch (name) {
      case "INFO":
        return this.#info();
      case "TIME":
        return this.#time();
      case "GET":
        return this.#text(key);
      case "MGET":
        return args.map((each) => this.#text(each));
      case "GETRANGE":
        return (this.#text(key) ?? "").slice(Number(first), Number(second) + 1);
      case "SET":
        return this.#put([name, ...args], key, { kind: "text", text: first }, this.#options.now() + Number(args[3]));
      case "DEL":
      case "UNLINK":
        return this.#delete([name, ...args], args);
      case "PEXPIRE":
        return this.#expire(key, Number(first));
      case "SCAN":
        return ["0", [...this.#keys.keys()].filter((each) => this.#find(each) && each.endsWith(":s")).sort()];
      case "HSET":
        return this.#put([name, ...args], key, {
          kind: "hash",
          fields: new Map(this.#hash(key)).set(first, second),
        });
      case "HGET":
        return this.#hash(key).get(first);
      case "HLEN":
        return this.#hash(key).size;
      case "HDEL":
        return this.#putOrDelete([name, ...args], key, { kind: "hash", fields: without(this.#hash(key), first) });
      case "ZADD":
        return this.#put([name, ...args], key, {
          kind: "scores",
          scores: new Map(this.#scores(key)).set(second, Number(first)),
        });
      case "ZCARD":
        return this.#scores(key).size;
      case "ZREM": {
        const had = this.#scores(key).has(first) ? 1 : 0;
        this.#putOrDelete([name, ...args], key, { kind: "scores", scores: without(this.#scores(key), first) });
        return had;
      }
      case "ZRANGE": {
        const found = this.#inOrder(key).slice(Number(first), second === "-1" ? undefined : Number(second) + 1);
        return args[3] === "WITHSCORES" ? found.flatMap(([member, score]) => [member, String(score)]) : members(found);
      }
      case "ZRANGEBYSCORE": {
        const isAbove = first.startsWith("(");
        const [least, most] = [scoreOf(first), scoreOf(second)];
        return members(
          this.#inOrder(key).filter(([, score]) => (isAbove ? score > least : score >= least) && score <= most),
        );
      }
      case "XADD":
        return this.#add([name, ...args], key, first === "MAXLEN" ? args.slice(2) : args.slice(1));
      case "XTRIM": {
        const { records, last } = this.#stream(key);
        const kept = records.filter(([number]) => number >= Number.parseInt(second));
        if (!this.#find(key)) return 0;
        return this.#put([name, ...args], key, { kind: "stream", records: kept, last });
      }
      case "XRANGE": {
        const after = Number.parseInt(first.slice(1));
        const found = this.#stream(key).records.filter(([number]) => number > after);
        return (args[3] === "COUNT" ? found.slice(0, Number(args[4])) : found).map(entryOf);
      }
      case "XREAD":
        return this.#readStreams(args);
      default:
        throw new Error(`ERR unknown command '${name}'`);
    }
  }

  #run(name: string, [script = "", count = "", ...rest]: readonly string[]): unknown {
    const sha = name === "EVAL" ? sha1(script) : script;
    if (name === "EVAL") this.#loaded.add(sha);
    else if (!this.#loaded.has(sha)) throw new Error("NOSCRIPT No matching script");
    if (script === "return 'bytes'") return "bytes";
    const text = SCRIPTS.find((each) => sha1(each) === sha) ?? "";
    return runScript(
      text,
      (command, ...args) => this.call(command, ...args),
      rest.slice(0, +count),
      rest.slice(+count),
    );
  }

  #info(): string {
    const hex = (number: number): string => number.toString(16).padStart(16, "0").repeat(3).slice(0, 40);
    const facts = {
      redis_version: "7.0.15",
      run_id: hex(this.#process + 1),
      role: "master",
      master_replid: hex(this.#history + 1),
      server_time_usec: String(Math.floor(this.#options.now() * 1_000)),
    };
    return Object.entries(facts).map(([fact, value]) => `${fact}:${value}\r\n`).join("");
  }

  #time(): readonly string[] {
    const now = this.#options.now();
    const seconds = Math.floor(now / 1_000);
    return [String(seconds), String(Math.floor((now - seconds * 1_000) * 1_000))];
  }

  #add(command: readonly string[], key: string, [id = "", , field = ""]: readonly string[]): string {
    const { records, last } = this.#stream(key);
    const number = id === "*" ? Math.max(last + 1, Math.floor(this.#options.now())) : Number.parseInt(id);
    if (number <= last) {
      throw new Error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    }
    this.#added = true;
    const added = [...(command[2] === "MAXLEN" ? [] : records), [number, field] as const];
    this.#put(command, key, { kind: "stream", records: added, last: number });
    return `${number}-0`;
  }

  /** What several streams have after some numbers; `undefined` if that is nothing. */
  #readStreams(args: readonly string[]): unknown {
    const streams = args.slice(args.indexOf("STREAMS") + 1);
    const most = Number(args[args.indexOf("COUNT") + 1]);
    const half = streams.length / 2;
    const found = streams.slice(0, half).flatMap((key, at) => {
      const after = Number.parseInt(streams[half + at] ?? "");
      const records = this.#stream(key).records.filter(([number]) => number > after).slice(0, most);
      return records.length === 0 ? [] : [[key, records.map(entryOf)]];
    });
    return found.length === 0 ? undefined : found;
  }

  #find(key: string): Held | undefined {
    const held = this.#keys.get(key);
    if (held === undefined || held.dieAt > this.#options.now()) return held;
    this.#keys.delete(key);
    return undefined;
  }

  #text(key: string): string | undefined {
    const value = this.#find(key)?.value;
    return value?.kind === "text" ? value.text : undefined;
  }

  #hash(key: string): ReadonlyMap<string, string> {
    const value = this.#find(key)?.value;
    return value?.kind === "hash" ? value.fields : new Map();
  }

  #scores(key: string): ReadonlyMap<string, number> {
    const value = this.#find(key)?.value;
    return value?.kind === "scores" ? value.scores : new Map();
  }

  #inOrder(key: string): readonly (readonly [string, number])[] {
    return [...this.#scores(key)].sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1));
  }

  #stream(key: string): { readonly records: readonly StreamRecord[]; readonly last: number } {
    const value = this.#find(key)?.value;
    return value?.kind === "stream" ? value : { records: [], last: 0 };
  }

  #put(
    command: readonly string[],
    key: string,
    value: Value,
    dieAt: number = this.#find(key)?.dieAt ?? Infinity,
  ): number {
    this.#keys.set(key, { value, dieAt });
    this.#options.onChange?.(command, this.#sender);
    return 1;
  }

  /** A collection without members is none. */
  #putOrDelete(command: readonly string[], key: string, value: Value): number {
    const { size } = value.kind === "hash" ? value.fields : value.kind === "scores" ? value.scores : new Map();
    return size > 0 ? this.#put(command, key, value) : this.#delete(command, [key]);
  }

  #delete(command: readonly string[], keys: readonly string[]): number {
    const had = keys.filter((key) => this.#keys.delete(key)).length;
    this.#options.onChange?.(command, this.#sender);
    return had;
  }

  #expire(key: string, ms: number): number {
    const held = this.#find(key);
    if (held === undefined) return 0;
    this.#keys.set(key, { ...held, dieAt: this.#options.now() + ms });
    return 1;
  }
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([other]) => other !== key));
}

function members(found: readonly (readonly [string, number])[]): readonly string[] {
  return found.map(([member]) => member);
}

function scoreOf(text: string): number {
  const bare = text.replace(/^\(/, "");
  return bare === "-inf" ? -Infinity : bare === "+inf" ? Infinity : Number(bare);
}

function entryOf([number, field]: StreamRecord): readonly unknown[] {
  return [`${number}-0`, ["r", field]];
}

const hashes = new Map<string, string>();

function sha1(text: string): string {
  const known = hashes.get(text) ?? createHash("sha1").update(text).digest("hex");
  hashes.set(text, known);
  return known;
}

/** The text with one character for each byte. */
function binaryOf(part: string | Uint8Array): string {
  const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function encoded(answer: unknown): unknown {
  if (typeof answer === "string") return Uint8Array.from(answer, (unit) => unit.charCodeAt(0));
  if (Array.isArray(answer)) return answer.map(encoded);
  return answer ?? null;
}
