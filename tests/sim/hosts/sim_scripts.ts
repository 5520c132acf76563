import {
  CHANGE,
  FENCE,
  GET,
  INTENT,
  INVALIDATE,
  OVERDUE,
  PUT,
  SETTLED,
} from "../../../src/drivers/redis/redis_scripts.ts";

/** The scripts of a `RedisCache`. */
export const SCRIPTS: readonly string[] = [FENCE, GET, PUT, CHANGE, INTENT, SETTLED, OVERDUE, INVALIDATE];

/** Executes a command of Redis. */
export type Call = (command: string, ...args: readonly (string | number)[]) => unknown;

/** The state of a scope. */
interface State {
  made: string;
  gen: string;
  pos: number;
  barrier: number;
  floor: number;
  bytes: number;
  intents: number;
  due: string;
}

type Found = readonly (readonly [id: string, fields: readonly string[]])[];

/** Runs one of the scripts, whose functions here have the names that they have there. */
export function runScript(text: string, call: Call, keys: readonly string[], args: readonly string[]): unknown {
  const step = new Step(call, keys, args);
  switch (text) {
    case FENCE:
      return step.fence();
    case GET:
      return step.get();
    case PUT:
      return step.put();
    case CHANGE:
      return step.change();
    case INTENT:
      return step.intent();
    case SETTLED:
      return step.settled();
    case OVERDUE:
      return step.overdue();
    case INVALIDATE:
      return step.invalidate();
    default:
      throw new Error("ERR unknown script");
  }
}

class Step {
  readonly #call: Call;
  readonly #keys: readonly string[];
  readonly #args: readonly string[];
  readonly #server: string;
  readonly #nonce: string;
  readonly #life: number;

  constructor(call: Call, keys: readonly string[], args: readonly string[]) {
    this.#call = call;
    this.#keys = keys;
    const [server = "", nonce = "", ttl = "", ...others] = args;
    this.#server = server === "" ? serverIn(String(call("INFO"))) : server;
    this.#nonce = nonce;
    this.#life = 2 * Number(ttl);
    this.#args = [ttl, ...others];
  }

  fence(): string {
    return fenceOf(this.#opened());
  }

  get(): unknown {
    const [S, , , , E] = this.#names;
    const s = this.#current();
    const entry = String(this.#call("GETRANGE", E, 0, 23));
    if (s === undefined || entry.length === 0) return undefined;
    const isOf = entry.length === 24 && entry.slice(0, 16) === s.gen;
    const found = isOf ? this.#after(s, doubleIn(entry, 16)) : undefined;
    return [this.#call("GET", S), this.#call("GET", E), found ?? [], this.#server, String(this.#millis())];
  }

  put(): number {
    const [S, C, , , E] = this.#names;
    const [ttl = "", since = "", from = "", until = "", fetchedAt = "", rows = ""] = this.#args;
    const known = this.#current();
    const s = since === "" ? known ?? this.#opened() : known;
    if (s === undefined) return 0;
    const at = since === "" ? s.pos : Number(from);
    if (since !== "") {
      if (s.gen !== since || from === "" || at < s.barrier || at < s.floor || at > s.pos) return 0;
      if (at < s.pos) {
        const [next] = this.#call("XRANGE", C, `(${id(at)}`, "+", "COUNT", 1) as Found;
        if (next?.[0] !== id(at + 1)) return 0;
      }
    }
    const held = String(this.#call("GETRANGE", E, 0, 23));
    if (held.length === 24 && held.slice(0, 16) === s.gen && doubleIn(held, 16) > at) return 0;
    const landed = s.intents > 0 ? s.pos + 0.5 : s.pos;
    const til = Math.min(until === "" ? landed : Number(until), landed);
    this.#call("SET", E, s.gen + double(at) + double(til) + double(Number(fetchedAt)) + rows, "PX", ttl);
    this.#call("PEXPIRE", S, this.#life);
    this.#last();
    return 1;
  }

  change(): string {
    const [, since = "", from = "", row = "", write = "", body = "", bare = "", most = "", mostBytes = ""] = this.#args;
    const [, , , D] = this.#names;
    const s = this.#opened();
    let fromAt = -1;
    let overlaps = 0;
    if (write !== "") this.#finish(s, write);
    if (since !== "") {
      const found = from !== "" && since === s.gen ? this.#after(s, Number(from)) : undefined;
      if (found === undefined) overlaps = write === "" ? 0 : 1;
      else {
        if (row !== "") fromAt = Number(from);
        for (const [, [, other = ""]] of found) {
          const [otherRow, otherWrite] = rowAndWriteIn(other);
          if (other[16] !== "c" || !(row === "" || otherRow === "" || otherRow === row)) continue;
          fromAt = -1;
          if (write !== "" && otherWrite !== "" && otherWrite !== write) overlaps = 1;
        }
      }
    }
    const isInFlight = bare !== "" && s.intents > 0 &&
      (s.intents > 128 || (this.#call("ZRANGE", D, 0, -1) as string[]).some((other) => {
        const [otherRow] = this.#intentOf(other);
        return row === "" || otherRow === "" || otherRow === row;
      }));
    this.#append(s, most, mostBytes, record(s, "c", row, write, fromAt, overlaps, isInFlight ? bare : body));
    this.#last();
    return fenceOf(s);
  }

  intent(): string {
    const [, write = "", row = "", dueAt = "", body = "", most = "", mostBytes = ""] = this.#args;
    const [, , I, D] = this.#names;
    const s = this.#opened();
    this.#call("HSET", I, write, `${row.length}:${row}${body}`);
    this.#call("ZADD", D, dueAt, write);
    this.#due(s);
    while (s.intents > Number(most)) {
      const [first = ""] = this.#call("ZRANGE", D, 0, 0) as string[];
      this.#turn(s, first, most, mostBytes);
    }
    this.#save(s);
    this.#last();
    return fenceOf(s);
  }

  settled(): string {
    const s = this.#opened();
    if (this.#finish(s, this.#args[1] ?? "")) this.#save(s);
    return fenceOf(s);
  }

  overdue(): string {
    const [, now = "", furthest = "", most = "", mostBytes = ""] = this.#args;
    const [, , , D] = this.#names;
    const s = this.#opened();
    for (const [least, last] of [["-inf", now], [`(${furthest}`, "+inf"]] as const) {
      for (const write of this.#call("ZRANGEBYSCORE", D, least, last) as string[]) {
        this.#turn(s, write, most, mostBytes);
      }
    }
    this.#last();
    return fenceOf(s);
  }

  invalidate(): string {
    const [, prefix = "", most = "", mostBytes = ""] = this.#args;
    const [S, C] = this.#names;
    const s = this.#opened();
    if (prefix !== "") {
      s.barrier = s.pos + 1;
      this.#append(s, most, mostBytes, record(s, "p", prefix, "", -1, 0, ""));
      this.#last();
      return fenceOf(s);
    }
    [s.gen, s.pos, s.bytes] = [this.#nonce, s.pos + 1, 0];
    s.barrier = s.floor = s.pos;
    this.#call("UNLINK", S, C);
    this.#save(s);
    this.#call("XADD", C, id(s.pos), "r", record(s, "k", "", "", -1, 0, ""));
    this.#last();
    return fenceOf(s);
  }

  get #names(): readonly [S: string, C: string, I: string, D: string, E: string] {
    const [S = "", C = "", I = "", D = "", E = ""] = this.#keys;
    return [S, C, I, D, E];
  }

  #parsed(): State | undefined {
    const text = this.#call("GET", this.#names[0]);
    const [made = "", gen = "", pos, barrier, floor, bytes, intents, due] = String(text ?? "").split(" ");
    if (due === undefined) return undefined;
    return {
      ...{ made, gen, due, pos: Number(pos), barrier: Number(barrier), floor: Number(floor) },
      ...{ bytes: Number(bytes), intents: Number(intents) },
    };
  }

  #isIntact(s: State): boolean {
    const [, , I, D] = this.#names;
    if (s.made !== this.#server) return false;
    return s.intents === 0 || (this.#call("ZCARD", D) === s.intents && this.#call("HLEN", I) === s.intents);
  }

  #save({ gen, pos, barrier, floor, bytes, intents, due }: State): void {
    const text = [this.#server, gen, pos, barrier, floor, bytes, intents, due].join(" ");
    this.#call("SET", this.#names[0], text, "PX", this.#life);
  }

  #current(): State | undefined {
    const s = this.#parsed();
    return s !== undefined && this.#isIntact(s) ? s : undefined;
  }

  #opened(): State {
    const [, C, I, D] = this.#names;
    const known = this.#parsed();
    if (known !== undefined && this.#isIntact(known)) return known;
    let pos = this.#millis();
    if (known !== undefined && known.pos >= pos) pos = known.pos + 1;
    let [intents, due] = [Number(this.#call("ZCARD", D)), "-"];
    if (intents > 0 && this.#call("HLEN", I) === intents) {
      due = (this.#call("ZRANGE", D, 0, 0, "WITHSCORES") as string[])[1] ?? "-";
    } else {
      intents = 0;
      this.#call("UNLINK", I, D);
    }
    this.#call("UNLINK", C);
    const s: State = { made: this.#server, gen: this.#nonce, pos, barrier: pos, floor: pos, bytes: 0, intents, due };
    this.#save(s);
    return s;
  }

  #millis(): number {
    const [seconds, micros] = this.#call("TIME") as string[];
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  #last(): void {
    for (const key of this.#names.slice(1, 4)) this.#call("PEXPIRE", key, this.#life);
  }

  #after(s: State, at: number): Found | undefined {
    if (at < s.floor || at > s.pos) return undefined;
    if (at === s.pos) return [];
    const found = this.#call("XRANGE", this.#names[1], `(${id(at)}`, "+") as Found;
    return found.length === s.pos - at ? found : undefined;
  }

  #cut(s: State, count: number, bytes: number): void {
    const [, C] = this.#names;
    while (s.floor < s.pos && (s.pos - s.floor > count || s.bytes > bytes)) {
      const found = this.#call("XRANGE", C, `(${id(s.floor)}`, "+", "COUNT", 32) as Found;
      if (found.length === 0) [s.floor, s.bytes] = [s.pos, 0];
      for (const [position, [, text = ""]] of found) {
        if (s.pos - s.floor <= count && s.bytes <= bytes) break;
        s.floor = Number.parseInt(position);
        s.bytes = Math.max(0, s.bytes - sizeOf(text));
      }
    }
    this.#call("XTRIM", C, "MINID", id(s.floor + 1));
  }

  #append(s: State, most: string, mostBytes: string, text: string): void {
    if (s.pos - s.floor >= Number(most) || s.bytes >= Number(mostBytes)) {
      this.#cut(s, Math.floor(Number(most) / 2), Math.floor(Number(mostBytes) / 2));
    }
    s.pos++;
    s.bytes += sizeOf(text);
    this.#save(s);
    this.#call("XADD", this.#names[1], id(s.pos), "r", text);
  }

  #due(s: State): void {
    const [, , , D] = this.#names;
    s.intents = Number(this.#call("ZCARD", D));
    s.due = s.intents === 0 ? "-" : (this.#call("ZRANGE", D, 0, 0, "WITHSCORES") as string[])[1] ?? "-";
  }

  #finish(s: State, write: string): boolean {
    const [, , I, D] = this.#names;
    if (s.intents === 0 || this.#call("ZREM", D, write) === 0) return false;
    this.#call("HDEL", I, write);
    this.#due(s);
    return true;
  }

  #intentOf(write: string): readonly [row: string, body: string] {
    const text = String(this.#call("HGET", this.#names[2], write));
    const length = Number.parseInt(text);
    const from = String(length).length + 1;
    return [text.slice(from, from + length), text.slice(from + length)];
  }

  #turn(s: State, write: string, most: string, mostBytes: string): void {
    const [row, body] = this.#intentOf(write);
    this.#finish(s, write);
    this.#append(s, most, mostBytes, record(s, "c", row, write, -1, 0, body));
  }
}

/** The row and the write of a record; `""` if there is none. */
export function rowAndWriteIn(text: string): readonly [row: string, write: string] {
  const [rows, writes] = [wholeIn(text, 26), wholeIn(text, 30)];
  return [text.slice(34, 34 + rows), text.slice(34 + rows, 34 + rows + writes)];
}

function record(
  { gen }: State,
  kind: string,
  row: string,
  write: string,
  from: number,
  overlaps: number,
  body: string,
): string {
  return gen + kind + double(from) + String.fromCharCode(overlaps) + whole(row.length) + whole(write.length) + row +
    write + body;
}

function serverIn(facts: string): string {
  const fact = (name: string): string => new RegExp(`${name}:(\\w+)`).exec(facts)?.[1]?.slice(0, 16) ?? "";
  return fact("run_id") + fact("master_replid");
}

function fenceOf({ gen, pos }: State): string {
  return `${gen}:${pos}`;
}

function id(position: number): string {
  return `${position}-0`;
}

function sizeOf(text: string): number {
  return 64 + text.length;
}

function double(number: number): string {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, number);
  return String.fromCharCode(...new Uint8Array(bytes.buffer));
}

function doubleIn(text: string, at: number): number {
  return viewOf(text, at, 8).getFloat64(0);
}

function whole(number: number): string {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, number);
  return String.fromCharCode(...new Uint8Array(bytes.buffer));
}

function wholeIn(text: string, at: number): number {
  return viewOf(text, at, 4).getUint32(0);
}

function viewOf(text: string, at: number, length: number): DataView {
  return new DataView(Uint8Array.from(text.slice(at, at + length), (unit) => unit.charCodeAt(0)).buffer);
}
