import type { Clock } from "../base/clock.ts";
import { type Outbox, OUTBOX_BATCH, type OutboxMark } from "./outbox.ts";

/** What {@linkcode Marks} work with. */
export interface MarksOptions {
  readonly outbox: Outbox;
  readonly name: string;
  readonly clock: Clock;
  /** The term of the lease, while this process has it. */
  readonly term: () => number | undefined;
  readonly onError: (error: unknown) => void;
}

/** Marks whose caller waits for them. */
interface Waiting {
  readonly marks: readonly OutboxMark[];
  readonly resolve: (isMarked: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** What became of a write. */
interface Settled {
  readonly mark: OutboxMark;
  /** Called once, with whether it was marked. */
  readonly tried?: ((isMarked: boolean) => void) | undefined;
}

/** Marks writes in an outbox: what happens in one turn of the event loop in one step. */
export class Marks {
  readonly #options: MarksOptions;
  /** What is not marked yet. */
  #settled: Settled[] = [];
  #sent: Waiting[] = [];
  #marking: Promise<void> | undefined;

  constructor(options: MarksOptions) {
    this.#options = options;
  }

  /** Marks writes as sent, at most {@linkcode OUTBOX_BATCH}, in one step. `false`: none is to be sent from here. */
  sent(ids: readonly string[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#sent.push({ marks: ids.map((id) => ({ kind: "sent", id })), resolve, reject });
      this.#markSoon();
    });
  }

  /** Marks what became of a write, now or as soon as that is possible. */
  settled(mark: OutboxMark, tried?: (isMarked: boolean) => void): void {
    this.#settled.push({ mark, tried });
    this.#markSoon();
  }

  /** The same; resolves with whether it was marked now. */
  failed(mark: OutboxMark): Promise<boolean> {
    return new Promise((resolve) => this.settled(mark, resolve));
  }

  /** Whether there is something that could not be marked yet. */
  get areLeft(): boolean {
    return this.#settled.length > 0;
  }

  /** Another process may have sent since what was returned here: what it found is not known. */
  forgetReturned(): void {
    this.#settled = this.#settled.filter(({ mark }) => mark.kind !== "returned");
  }

  /** Marks what could not be marked yet. */
  again(): void {
    if (this.#settled.length > 0) this.#markSoon();
  }

  /** Another process has the lease: what it finds unanswered it sends again, with the same key. */
  forget(): void {
    for (const { tried } of this.#settled.splice(0)) tried?.(false);
  }

  /** Resolves when all is marked that can be marked now. */
  async done(): Promise<void> {
    while (this.#marking !== undefined) await this.#marking;
  }

  #markSoon(): void {
    this.#marking ??= this.#markAll();
  }

  async #markAll(): Promise<void> {
    await undefined;
    let isGoing = true;
    while (isGoing && this.#settled.length + this.#sent.length > 0) isGoing = await this.#markSome();
    this.#marking = undefined;
  }

  /** Returns whether to go on with the next. */
  async #markSome(): Promise<boolean> {
    const { outbox, name, clock, term: current, onError } = this.#options;
    const settled = this.#settled.splice(0, OUTBOX_BATCH);
    const sent = this.#takeSent(OUTBOX_BATCH - settled.length);
    const term = current();
    let isMarked = false;
    try {
      const marks = [...settled.map(({ mark }) => mark), ...sent.flatMap((waiting) => waiting.marks)];
      isMarked = term !== undefined && await outbox.mark(name, term, marks, clock.now());
    } catch (error) {
      onError(error);
      this.#later(settled);
      for (const { reject } of sent) reject(error);
      return this.#sent.length > 0;
    }
    if (isMarked) { for (const { tried } of settled) tried?.(true); }
    else this.#later(settled);
    for (const { resolve } of sent) resolve(isMarked);
    return isMarked || this.#sent.length > 0;
  }

  #later(settled: readonly Settled[]): void {
    this.#settled.unshift(...settled.map(({ mark }) => ({ mark })));
    for (const { tried } of settled) tried?.(false);
  }

  /** As many as there is room for. */
  #takeSent(room: number): readonly Waiting[] {
    let count = 0;
    for (const { marks } of this.#sent) {
      room -= marks.length;
      if (room < 0) break;
      count++;
    }
    return this.#sent.splice(0, count);
  }
}
