import type { MaybePromise } from "@vantage/live";
import { type Gate, settle } from "@vantage/live/testing";
import type { Subject, Usage } from "./contestant.ts";
import { type Finding, Referee } from "./referee.ts";
import type { World } from "./world.ts";

/** In so many turns of the timers everything has happened that can; half of them are enough for all who are here. */
const TURNS = 6;

/** Longer than any pause that a contestant makes on the race's clock. */
const LONG_MS = 60_000;

/** Where a race is run: it says what happens, one thing after the other, and who must see what. */
export class Stage {
  readonly world: World;
  /** What is worth a word, however the race ends. */
  readonly remarks: string[] = [];
  readonly #usage: Usage;
  readonly #referee = new Referee();
  readonly #alive = new Set<Subject>();
  readonly #opened: Subject[] = [];
  readonly #gates: Gate[] = [];
  readonly #faults: Finding[] = [];

  constructor(world: World, usage: Usage) {
    this.world = world;
    this.#usage = usage;
  }

  /** Another process, with a cache of its own over what is shared. */
  async open(): Promise<Subject> {
    const subject = await this.#usage.open(this.world);
    this.#alive.add(subject);
    this.#opened.push(subject);
    return subject;
  }

  /** From now on nobody waits for anything of this process. */
  kill(subject: Subject): void {
    this.#alive.delete(subject);
  }

  /** Stops what comes next through `gate` until it is released; everything is when the race is over. */
  hold(gate: Gate | undefined): Gate {
    if (gate === undefined) throw new Error("This contestant cannot be held there");
    this.#gates.push(gate);
    return gate;
  }

  /** The master's row changes behind everybody's back. */
  change(): void {
    this.world.master.value++;
  }

  /** From now on the master is read from a replica that stays as it is. */
  lag(): void {
    const { master } = this.world;
    master.replicated = master.value;
  }

  /** The longest lag passes, and the replica is as the master. */
  async catchUp(): Promise<void> {
    const { master, clock, masterLagMs } = this.world;
    master.replicated = undefined;
    await clock.advance(masterLagMs);
    await this.rest();
  }

  /** Somebody reads, who must see nothing older than `notOlderThan`. */
  ask(who: string, subject: Subject, notOlderThan: number): void {
    this.#referee.watch(who, subject.read(), notOlderThan);
  }

  /** The same, and all that follows happens. */
  async read(who: string, subject: Subject, notOlderThan: number): Promise<void> {
    this.ask(who, subject, notOlderThan);
    await this.rest();
  }

  /** Something that was begun must come to an end, and succeed; tells whether it has. */
  expect(who: string, action: MaybePromise<unknown>): () => boolean {
    return this.#referee.watch(who, Promise.resolve(action));
  }

  /** The same, and all that follows happens. */
  async act(who: string, action: MaybePromise<unknown>): Promise<boolean> {
    const settled = this.expect(who, action);
    await this.rest();
    return settled();
  }

  /** The same; then somebody reads in each process. If the action has settled by then, its effect must be seen. */
  async actAndRead(who: string, action: MaybePromise<unknown>, ...subjects: readonly Subject[]): Promise<void> {
    const settled = await this.act(who, action);
    const { value } = this.world.master;
    for (const subject of subjects) await this.read("who asks after the change", subject, settled ? value : 0);
  }

  /** Something is wrong besides the answers. */
  fault(finding: Finding): void {
    this.#faults.push(finding);
  }

  /** Resolves when everything has happened that can happen by itself, on this clock. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await settle();
  }

  /** Lets everything come to rest, and asks each living process twice for what it shows then. */
  async finish(): Promise<readonly Finding[]> {
    for (const gate of this.#gates) gate.release();
    await this.rest();
    await this.world.clock.advance(LONG_MS);
    const { value } = this.world.master;
    for (const subject of this.#alive) {
      await this.read("the first reader when everything is at rest", subject, value);
      await this.read("every reader ever after", subject, value);
    }
    const findings = [...this.#faults, ...this.#referee.findings()];
    for (const subject of this.#opened) await subject.close?.();
    return findings;
  }
}
