import type { MaybePromise } from "@vantage/live";
import type { Gate } from "@vantage/live/testing";
import type { Subject, Usage } from "./contestant.ts";
import { type Finding, Referee } from "./referee.ts";
import type { StageWorld, World } from "./world.ts";

/** Longer than any pause of a contestant on the race's clock. */
const LONG_MS = 60_000;

/** Runs the steps of a race, and states what each reader must see. */
export class Stage<W extends StageWorld = World> {
  readonly world: W;
  /** Notes on the race, independent of its result. */
  readonly remarks: string[] = [];
  readonly #usage: Usage<W>;
  readonly #referee = new Referee();
  readonly #alive = new Set<Subject>();
  readonly #opened: Subject[] = [];
  readonly #gates: Gate[] = [];
  readonly #faults: Finding[] = [];

  constructor(world: W, usage: Usage<W>) {
    this.world = world;
    this.#usage = usage;
  }

  /** Starts another process, with its own cache over the shared store. */
  async open(): Promise<Subject> {
    const subject = await this.#usage.open(this.world);
    this.#alive.add(subject);
    this.#opened.push(subject);
    return subject;
  }

  /** Kills a process: its answers no longer matter. */
  kill(subject: Subject): void {
    this.#alive.delete(subject);
  }

  /** Holds the next call at `gate` until it is released; all gates are released at the end of the race. */
  hold(gate: Gate | undefined): Gate {
    if (gate === undefined) throw new Error("This contestant cannot be held there");
    this.#gates.push(gate);
    return gate;
  }

  /** Changes the master's row without the caches' knowledge. */
  change(): void {
    this.world.master.value++;
  }

  /** From now on, reads of the master are served by a replica that stays at the current value. */
  lag(): void {
    const { master } = this.world;
    master.replicated = master.value;
  }

  /** Lets the longest lag pass; the replica equals the master afterwards. */
  async catchUp(): Promise<void> {
    this.world.master.replicated = undefined;
    await this.world.pass(this.world.masterLagMs);
    await this.rest();
  }

  /** Starts a read that must not return a value older than `notOlderThan`; the returned function says whether it has settled. */
  ask(caller: string, subject: Subject, notOlderThan: number): () => boolean {
    return this.#referee.watch(caller, subject.read(), notOlderThan);
  }

  /** Starts a read as {@linkcode ask} does, and lets everything settle; gives whether the read has. */
  async read(caller: string, subject: Subject, notOlderThan: number): Promise<boolean> {
    const settled = this.ask(caller, subject, notOlderThan);
    await this.rest();
    return settled();
  }

  /** An action that must settle and succeed; the returned function says whether it has settled. */
  expect(caller: string, action: MaybePromise<unknown>): () => boolean {
    return this.#referee.watch(caller, Promise.resolve(action));
  }

  /** Expects an action, and lets everything settle. */
  async act(caller: string, action: MaybePromise<unknown>): Promise<boolean> {
    const settled = this.expect(caller, action);
    await this.rest();
    return settled();
  }

  /** Expects an action, and resolves as soon as it has settled. */
  async done(caller: string, action: MaybePromise<unknown>): Promise<void> {
    this.expect(caller, action);
    await Promise.allSettled([action]);
  }

  /** Acts, then reads in each process. If the action has settled by then, the reads must see its effect. */
  async actAndRead(caller: string, action: MaybePromise<unknown>, ...subjects: readonly Subject[]): Promise<void> {
    const settled = await this.act(caller, action);
    const { value } = this.world.master;
    for (const subject of subjects) await this.read("the reader after the change", subject, settled ? value : 0);
  }

  /** Records a finding that is not about an answer. */
  fault(finding: Finding): void {
    this.#faults.push(finding);
  }

  /** Resolves when everything has settled that can settle without time passing. */
  rest(): Promise<void> {
    return this.world.rest();
  }

  /** Lets everything settle, then reads twice in each living process. */
  async finish(): Promise<readonly Finding[]> {
    for (const gate of this.#gates) gate.release();
    await this.rest();
    await this.world.pass(LONG_MS);
    const { value } = this.world.master;
    for (const subject of this.#alive) {
      await this.read("the first reader after everything has settled", subject, value);
      await this.read("every later reader", subject, value);
    }
    const findings = [...this.#faults, ...this.#referee.findings()];
    for (const subject of this.#opened) await subject.close?.();
    return findings;
  }
}
