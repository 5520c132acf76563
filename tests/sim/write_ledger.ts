import { ClosedError, type Effect, TableError } from "@vantage/live";
import type { Verdict } from "./laws.ts";
import type { WriteKind } from "./plan.ts";
import type { Held, SimMaster } from "./sim_master.ts";

/** How a promise of a write was settled: with the truth, so far as it was known then. */
type Outcome =
  /** It was applied. */
  | "applied"
  /** It was not, and will not be. */
  | "none"
  /** It may have been. */
  | "unknown"
  /** It is kept for the next process. */
  | "kept";

/** A write as it was made. */
export interface MadeWrite {
  readonly mark: string;
  /** The table, from when it was opened, and the number of the write among its writes. */
  readonly life: string;
  readonly number: number;
  readonly op: WriteKind;
  /** The row, if it is about one: of a new one the id that was made for it. */
  readonly id: string;
  /** What it writes into the row. */
  readonly held: Partial<Held>;
  /** Whether there is an outbox. */
  readonly isKept: boolean;
}

/** A write, and what was said of it. */
interface Entry {
  readonly write: MadeWrite;
  /** Whether that could not keep it. */
  isUnstored: boolean;
  isAccepted: boolean;
  outcome: Outcome | undefined;
  /** How often it was reported as failed. */
  reports: number;
  isDoubted: boolean;
  isRetried: boolean;
  isDiscarded: boolean;
}

/** What was said of each write by its promises, by `onWriteFailed` and by `failedWrites()`, against what the master did. */
export class WriteLedger {
  readonly #verdict: Verdict;
  readonly #master: () => SimMaster;
  readonly #entries = new Map<string, Entry>();
  #hasDied = false;

  constructor(verdict: Verdict, master: () => SimMaster) {
    this.#verdict = verdict;
    this.#master = master;
  }

  /** A process has died. */
  died(): void {
    this.#hasDied = true;
  }

  /** A write is made. */
  made(write: MadeWrite): void {
    this.#entries.set(write.mark, {
      write,
      isUnstored: false,
      isAccepted: false,
      outcome: undefined,
      reports: 0,
      isDoubted: false,
      isRetried: false,
      isDiscarded: false,
    });
  }

  /** It is accepted: durably, or though it could not be kept. */
  accepted(mark: string, isStored: boolean): void {
    const entry = this.#of(mark);
    entry.isAccepted = true;
    entry.isUnstored = !isStored;
  }

  /** All writes that were made, in order. */
  get writes(): readonly MadeWrite[] {
    return [...this.#entries.values()].map(({ write }) => write);
  }

  /** The write with a mark, if it is one of a table. */
  find(mark: string): MadeWrite | undefined {
    return this.#entries.get(mark)?.write;
  }

  /** The writes of a table that are accepted. */
  acceptedBy(life: string): readonly MadeWrite[] {
    return [...this.#entries.values()].filter((it) => it.isAccepted && it.write.life === life).map((it) => it.write);
  }

  /** Whether it will be applied, or was, for all that is known: nobody has tried to take it back, and it has not failed. */
  isOn(mark: string): boolean {
    const { outcome, isDiscarded, isUnstored, reports } = this.#of(mark);
    return (outcome === undefined || outcome === "applied") && !isDiscarded && !isUnstored && reports === 0;
  }

  /** Whether the id of a row is known: that it was inserted with, or what the master has given it. */
  isIdKnown(id: string): boolean {
    for (const { write, outcome } of this.#entries.values()) {
      if (write.op === "insertReturnId" && write.id === id) return outcome === "applied";
    }
    return true;
  }

  /** Whether its promise has not settled. */
  isPending(mark: string): boolean {
    return this.#of(mark).outcome === undefined;
  }

  /** Whether its promise says that it will never be applied. */
  isRefused(mark: string): boolean {
    const { outcome, isRetried } = this.#of(mark);
    return outcome === "none" && !isRetried;
  }

  /** Its promise says that it was applied. */
  applied(mark: string): void {
    this.#settle(mark, "applied");
  }

  /** Its promise says that it failed. Returns whether it may have been applied. */
  failed(mark: string, error: unknown): boolean {
    const outcome = outcomeOf(error);
    this.#settle(mark, outcome);
    const entry = this.#of(mark);
    if (outcome === "kept") {
      this.#check(5, entry.write.isKept, () => `${mark} is said to be kept, but there is no outbox`);
    }
    const isClear = effectOf(error) === "unknown" || this.#count(mark) === 0 || entry.isRetried;
    this.#check(12, isClear, () => `${mark} was applied, but failed with no effect: ${String(error)}`);
    return outcome === "unknown" || outcome === "kept";
  }

  /** It is reported as failed, by whatever process has sent it. */
  reported(mark: string, effect: Effect): void {
    const entry = this.#of(mark);
    entry.reports++;
    if (effect === "unknown") entry.isDoubted = true;
    const isClear = effect === "unknown" || this.#count(mark) === 0 || entry.isRetried;
    this.#check(12, isClear, () => `${mark} was applied, but is reported to have no effect`);
  }

  /** A failed one is sent again. */
  retried(mark: string): void {
    this.#of(mark).isRetried = true;
  }

  /** It is taken back, or dropped, if that is possible. */
  discarded(mark: string): void {
    this.#of(mark).isDiscarded = true;
  }

  /** Whether it is sent again because somebody wants that, whatever became of it before. */
  isSentByHand(mark: string): boolean {
    return this.#of(mark).isRetried;
  }

  /** Whether it was reported as failed, though it may have been applied. */
  isDoubted(mark: string): boolean {
    return this.#entries.get(mark)?.isDoubted === true;
  }

  /** Whether it must arrive after those that were made before it. */
  isInOrder(mark: string): boolean {
    const { isRetried, isDoubted, outcome, isUnstored } = this.#of(mark);
    return !isRetried && !isDoubted && !isUnstored && outcome !== "unknown";
  }

  /** At rest, when all queues are empty but for what has failed: `left` are the writes that are kept. */
  atRest(left: ReadonlySet<string>): void {
    for (const [mark, entry] of this.#entries) this.#checkAtRest(mark, entry, left.has(mark));
  }

  #checkAtRest(mark: string, entry: Entry, isLeft: boolean): void {
    const { isAccepted, isUnstored, outcome, reports, isRetried, isDiscarded } = entry;
    const isKept = entry.write.isKept && !isUnstored;
    const count = this.#count(mark);
    const isNever = outcome === "none" && !isRetried;
    this.#check(5, !isNever || count === 0, () => `${mark} was said not to be applied, and was applied`);
    const isOwed = isKept && isAccepted && (outcome === undefined || outcome === "kept");
    // The process that stored its failure may have died before it reported it: then it is found by `failedWrites()`.
    const isDone = count > 0 || reports > 0 || isLeft || isDiscarded || entry.write.op === "delete";
    this.#check(5, !isOwed || isDone, () => `${mark} was accepted, and is lost`);
    const isReported = reports > 0 || this.#hasDied;
    this.#check(5, !isLeft || isReported, () => `${mark} has failed, and was not reported`);
    // Of an earlier process, only the last report is known to be recorded.
    const isSetAside = isKept && isAccepted && reports > 0 && outcome !== "applied" && !isDiscarded && !isRetried;
    this.#check(
      5,
      !isSetAside || isLeft || count > 0 || outcome === "none" || entry.write.op === "delete",
      () => `${mark} was reported as failed, and is not kept`,
    );
  }

  #settle(mark: string, outcome: Outcome): void {
    const entry = this.#of(mark);
    this.#check(5, entry.outcome === undefined, () => `${mark} has settled twice`);
    entry.outcome = outcome;
  }

  #count(mark: string): number {
    return this.#master().timesApplied(mark);
  }

  #of(mark: string): Entry {
    const entry = this.#entries.get(mark);
    if (entry === undefined) throw new RangeError(`There is no write ${mark}`);
    return entry;
  }

  #check(law: number, holds: boolean, what: () => string): void {
    this.#verdict.check(law, holds, what);
  }
}

function outcomeOf(error: unknown): Outcome {
  return isKept(error) ? "kept" : effectOf(error);
}

/** Whether a write failed only here: it is left to whoever opens the outbox next, or has it open. */
export function isKept(error: unknown): boolean {
  return error instanceof ClosedError && error.retriable;
}

function effectOf(error: unknown): Effect {
  if (error instanceof DOMException && error.name === "AbortError") return "none";
  return error instanceof TableError ? error.effect : "unknown";
}
