import { ManualLiveStream } from "@vantage/live";
import { FakeClock, FaultPlan, type Gate, settle } from "@vantage/live/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The source of truth: one number that only grows, so that old values are obvious. Its answers can be held. */
export class Master {
  /** The current value. Set it to change the row without the caches' knowledge. */
  value = 0;
  /** The value of the replica that answers reads; `undefined` while reads return `value`. */
  replicated: number | undefined;
  readonly #plan = new FaultPlan<"read" | "write">();

  /** The number of reads. */
  get reads(): number {
    return this.#plan.count("read");
  }

  /** Holds the answer of the next read. */
  holdRead(): Gate {
    return this.#plan.hold("read");
  }

  /** Holds the answer of the next write, which is done by then. */
  holdWrite(): Gate {
    return this.#plan.hold("write");
  }

  /** The current value, or that of the replica. */
  async read(): Promise<number> {
    return await this.#plan.run("read", () => this.replicated ?? this.value);
  }

  /** Sets the value, and returns it. */
  async write(value: number): Promise<number> {
    return await this.#plan.run("write", () => this.value = value);
  }
}

/** A key-value store outside the processes that use it, as Redis would be. */
export class SharedStore {
  /** The planned faults. */
  readonly plan: FaultPlan<"get" | "change"> = new FaultPlan();
  readonly #entries = new Map<string, unknown>();

  async get(key: string): Promise<unknown> {
    return await this.plan.run("get", () => this.#entries.get(key));
  }

  async set(key: string, value: unknown): Promise<boolean> {
    await this.plan.run("change", () => this.#entries.set(key, value));
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return await this.plan.run("change", () => this.#entries.delete(key));
  }

  async clear(): Promise<void> {
    await this.plan.run("change", () => this.#entries.clear());
  }
}

/** Options of a {@linkcode World}. */
export interface WorldOptions {
  /** Whether several processes share their entries. */
  readonly shared: boolean;
  /** How long the master's replicas may lag behind a change, as declared by its owner. */
  readonly masterLagMs: number;
}

/** What a stage needs of a world. */
export interface StageWorld {
  readonly master: Master;
  /** How long the master's replicas may lag behind a change. */
  readonly masterLagMs: number;
  /** Resolves when everything has settled that can settle without time passing. */
  rest(): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

/** After this many timer turns, everything has settled; half of them are enough for all contestants. */
const TURNS = 6;

/** Everything outside the caches in one race. */
export class World implements StageWorld, Disposable {
  readonly master: Master = new Master();
  /** The events of the master. */
  readonly stream: ManualLiveStream = new ManualLiveStream();
  readonly clock: FakeClock = new FakeClock();
  readonly masterLagMs: number;
  /** The store that processes share; `undefined` if each keeps its entries in memory. */
  readonly store: SharedStore | undefined;
  /** A folder that processes share, for caches in files. */
  readonly folder: string | undefined;

  constructor({ shared, masterLagMs }: WorldOptions) {
    this.masterLagMs = masterLagMs;
    if (!shared) return;
    this.store = new SharedStore();
    this.folder = mkdtempSync(join(tmpdir(), "vantage-coherence-"));
  }

  async rest(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await settle();
  }

  pass(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  [Symbol.dispose](): void {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true });
  }
}
