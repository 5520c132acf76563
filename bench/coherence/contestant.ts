import type { MaybePromise } from "@vantage/live";
import type { Gate } from "@vantage/live/testing";
import type { World } from "./world.ts";

/** Features that not every cache has. */
export type Need = "signal" | "stream" | "store";

/** A library that takes part in the races of a kind of world. */
export interface Contestant<W = World> {
  /** The name of its package. */
  readonly name: string;
  /** The features that it lacks, each with the reason. */
  readonly lacks: { readonly [need in Need]?: string };
  /** What it uses in place of a feature. */
  readonly standIns?: { readonly [need in Need]?: string };
  /** The usages in its documentation, the most common first. In each race, the best of them counts. */
  readonly usages: readonly Usage<W>[];
}

/** One way to use a library. */
export interface Usage<W = World> {
  /** What distinguishes it from other usages. */
  readonly how: string;
  /** Opens the cache of one process. Processes of one world share its store. */
  open(world: W): MaybePromise<Subject>;
}

/** The cache of one row, in one process. */
export interface Subject {
  /** Reads the row; `signal` ends the wait. */
  read(signal?: AbortSignal): Promise<number>;
  /** Writes a value to the master, and settles when the write and its effects on the cache are complete. */
  write(value: number): Promise<unknown>;
  /** Drops the entry. */
  invalidate(): MaybePromise<unknown>;
  /** Handles an event of the stream. */
  receive(): MaybePromise<unknown>;
  /** Subscribes to the stream. */
  connect?(): void;
  /** Drops the connection to the stream. */
  disconnect?(): void;
  /** Restores the connection. */
  reconnect?(): MaybePromise<void>;
  /** Holds the next entry on its way to the store. */
  holdFill?(): Gate;
  /** Fails the next invalidation in the store. */
  failInvalidation?(): void;
  /** Cuts the connections to the store, and lets none be made. */
  cut?(): void;
  /** Lets connections be made again. */
  restore?(): void;
  close?(): MaybePromise<unknown>;
}
