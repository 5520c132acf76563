import { type Child, startChild } from "./children.ts";

/** What a process that writes is started with. */
export interface WriterOptions {
  readonly url: string;
  /** The file of its outbox. */
  readonly path: string;
  /** Its number: the master is told who asks. */
  readonly writer: number;
  /** How many writes it makes before it only sends. */
  readonly writes: number;
  readonly leaseMs: number;
  readonly seed: number;
}

/** What it says: about itself, or about a write by its key. */
export type WriterSays =
  | { readonly ready: number }
  | { readonly made: string; readonly row: string }
  | { readonly accepted: string }
  | { readonly marked: string }
  | { readonly retried: number };

/** A write that a process has made. */
export interface Made {
  readonly row: string;
  readonly writer: number;
}

/** What all processes have said of their writes. */
export class Ledger {
  /** By key, in the order in which they were made. */
  readonly made: Map<string, Made> = new Map();
  readonly accepted: Set<string> = new Set();
}

/** How long a process lives at the most that is to be killed at a line that it does not say, in milliseconds. */
const LONGEST_LIFE_MS = 1_500;

/** A process that writes until it is killed, and can be frozen. */
export class WritesVictim implements AsyncDisposable {
  /** Resolves once it can write. */
  readonly ready: Promise<void>;
  /** The keys of what it has marked as sent. */
  readonly marked: Set<string> = new Set();
  readonly #child: Child;
  readonly #writer: number;
  readonly #ledger: Ledger;
  readonly #heard: Promise<void>;
  readonly #isReady = Promise.withResolvers<void>();
  #isRetried = Promise.withResolvers<number>();
  /** At which line from now something happens. */
  #linesLeft = Infinity;
  #reached = Promise.withResolvers<void>();

  /** Starts the process. */
  constructor(options: WriterOptions, ledger: Ledger) {
    this.#child = startChild("deno", "writes_child.ts", options);
    this.#writer = options.writer;
    this.#ledger = ledger;
    this.ready = this.#isReady.promise;
    this.#heard = this.#listen();
  }

  /** Resolves once it has said so many more lines, or is as old as it gets. */
  async says(lines: number): Promise<void> {
    this.#reached = Promise.withResolvers();
    this.#linesLeft = lines;
    const timer = setTimeout(this.#reached.resolve, LONGEST_LIFE_MS);
    await this.#reached.promise;
    clearTimeout(timer);
  }

  /** Kills it, and resolves when all that it had said is known. */
  async kill(): Promise<void> {
    this.#child.kill();
    await this.#heard;
    const code = await this.#child.ended;
    if (code !== null) throw new Error(`The process ended by itself, with ${code}`);
  }

  /** Stops it where it is. */
  freeze(): void {
    this.#child.signal("SIGSTOP");
  }

  /** Lets it go on. */
  wake(): void {
    this.#child.signal("SIGCONT");
  }

  /** Has it send again what has failed; tells how many writes that were. */
  async retry(): Promise<number> {
    this.#isRetried = Promise.withResolvers();
    this.#child.tell("retry");
    return await this.#isRetried.promise;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  /** All that it says is read, also what it said before it was killed. */
  async #listen(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#child.lines.next();
      if (done) break;
      this.#take(value as WriterSays);
      if (--this.#linesLeft === 0) this.#reached.resolve();
    }
    this.#reached.resolve();
    this.#isReady.resolve();
  }

  #take(said: WriterSays): void {
    if ("ready" in said) this.#isReady.resolve();
    else if ("made" in said) this.#ledger.made.set(said.made, { row: said.row, writer: this.#writer });
    else if ("accepted" in said) this.#ledger.accepted.add(said.accepted);
    else if ("marked" in said) this.marked.add(said.marked);
    else this.#isRetried.resolve(said.retried);
  }
}
