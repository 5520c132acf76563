import { ManualLiveStream } from "@vantage/live";
import { FakeClock, FaultPlan, type Gate } from "@vantage/live/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The truth: one number that only grows, so that what is old can be told at a glance. Its answers can be held back. */
export class Master {
  /** What is true now. Set it to change the row behind every cache's back. */
  value = 0;
  /** Whether reads are answered by a replica that shows `replicated` instead of `value`. */
  replicated: number | undefined;
  readonly #plan = new FaultPlan<"read" | "write">();

  /** How often it was read. */
  get reads(): number {
    return this.#plan.count("read");
  }

  /** Stops the next read on its way back, with its answer already made. */
  holdRead(): Gate {
    return this.#plan.hold("read");
  }

  /** What is true when it is asked, or what the replica takes for it. */
  async read(): Promise<number> {
    return await this.#plan.run("read", () => this.replicated ?? this.value);
  }

  /** Makes `value` true, and answers with it. */
  async write(value: number): Promise<number> {
    return await this.#plan.run("write", () => this.value = value);
  }
}

/** A store of keys and values outside the processes that use it, as Redis would be. */
export class SharedStore {
  /** What is to go wrong with it. */
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

/** What a race says of the world that it is run in. */
export interface WorldOptions {
  /** Whether entries are kept where several processes share them. */
  readonly shared: boolean;
  /** How long the master's replicas may lag behind a change, as its owner declares it. */
  readonly masterLagMs: number;
}

/** All that is outside a cache in one race. */
export class World implements Disposable {
  readonly master: Master = new Master();
  /** Tells of changes at the master. */
  readonly stream: ManualLiveStream = new ManualLiveStream();
  readonly clock: FakeClock = new FakeClock();
  readonly masterLagMs: number;
  /** Where processes share entries; without one, each keeps them in its memory. */
  readonly store: SharedStore | undefined;
  /** The same for who keeps them in a file. */
  readonly folder: string | undefined;

  constructor({ shared, masterLagMs }: WorldOptions) {
    this.masterLagMs = masterLagMs;
    if (!shared) return;
    this.store = new SharedStore();
    this.folder = mkdtempSync(join(tmpdir(), "vantage-coherence-"));
  }

  [Symbol.dispose](): void {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true });
  }
}
