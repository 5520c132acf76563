import { isUnreadable, type Outbox } from "@vantage/live";
import { DenoKvOutbox } from "@vantage/live/deno-kv";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { type Child, type Runtime, startChild } from "./children.ts";

/** Where a victim appends its writes. */
export interface OutboxVictimOptions {
  readonly kind: "sqlite" | "kv";
  readonly path: string;
  /** A queue that no other process uses. */
  readonly queue: string;
}

/** What it does. */
export interface Step {
  readonly kind: "append" | "answer";
  readonly ids: readonly string[];
}

interface Said {
  readonly begun?: Step;
  readonly done?: Step;
}

/** On a machine that is busy, those that are not killed yet append for long: they must not find the outbox full. */
const BOUNDS = { maxEntries: 1_000_000_000, maxBytes: 2 ** 40 };

/** Opens the outbox of a victim. */
export function openOutbox(kind: OutboxVictimOptions["kind"], path: string): Promise<Outbox & AsyncDisposable> {
  return kind === "sqlite" ? SqliteOutbox.open(path, BOUNDS) : DenoKvOutbox.open(path, BOUNDS);
}

/** A process that appends writes until it is killed. What it said tells what its queue must hold. */
export class OutboxVictim implements AsyncDisposable {
  readonly #child: Child;
  readonly #queue: string;
  readonly #held = new Set<string>();
  readonly #heard: Promise<void>;
  #underWay: Step | undefined;
  /** At which step from now it is killed. */
  #stepsLeft = Infinity;

  /** Starts the process. */
  constructor(runtime: Runtime, options: OutboxVictimOptions) {
    this.#child = startChild(runtime, "outbox_child.ts", options);
    this.#queue = options.queue;
    this.#heard = this.#listen();
  }

  /** Kills it once it has begun so many more steps; tells what was still under way. */
  async kill(steps: number): Promise<Step["kind"] | "something else"> {
    this.#stepsLeft = steps;
    await this.#heard;
    const code = await this.#child.ended;
    if (code !== null) throw new Error(`The process ended by itself, with ${code}`);
    return this.#underWay?.kind ?? "something else";
  }

  /** What is wrong with what its queue holds now that it is dead. */
  async inspect(outbox: Outbox): Promise<readonly string[]> {
    const held = (await outbox.load(this.#queue, 0, 1_000_000)).map((entry) =>
      isUnreadable(entry) ? `unreadable: ${entry.id}` : entry.write.id
    );
    if (this.#underWay !== undefined && !same(held, [...this.#held])) this.#settle(this.#underWay);
    const expected = [...this.#held];
    if (same(held, expected)) return [];
    const missing = expected.filter((id) => !held.includes(id));
    const besides = held.filter((id) => !this.#held.has(id));
    return [`missing ${missing}`, `besides ${besides}`, `while ${JSON.stringify(this.#underWay)}`];
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  /** All that it says is read, also what it said before it was killed. */
  async #listen(): Promise<void> {
    for (;;) {
      const { value, done: isOver } = await this.#child.lines.next();
      if (isOver) return;
      const { begun, done } = value as Said;
      if (done !== undefined) this.#settle(done);
      if (begun === undefined) continue;
      this.#underWay = begun;
      if (--this.#stepsLeft === 0) this.#child.kill();
    }
  }

  #settle({ kind, ids }: Step): void {
    for (const id of ids) kind === "append" ? this.#held.add(id) : this.#held.delete(id);
    this.#underWay = undefined;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
