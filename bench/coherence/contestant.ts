import type { MaybePromise } from "@vantage/live";
import type { Gate } from "@vantage/live/testing";
import type { World } from "./world.ts";

/** What not every cache has a notion of. */
export type Need = "signal" | "stream" | "store";

/** A library in the races. */
export interface Contestant {
  /** The name of its package. */
  readonly name: string;
  /** What it has no notion of, and how that comes. */
  readonly lacks: { readonly [need in Need]?: string };
  /** What it has in place of something, where that is something else. */
  readonly standIns?: { readonly [need in Need]?: string };
  /** How its own documentation says it is used, the most usual way first. In each race the best of them counts. */
  readonly usages: readonly Usage[];
}

/** One way to use a library. */
export interface Usage {
  /** What is special about it. */
  readonly how: string;
  /** The cache of one process. Processes of one world share its store. */
  open(world: World): MaybePromise<Subject>;
}

/** The cache of one row, in one process. */
export interface Subject {
  /** The row; `signal` ends the wait. */
  read(signal?: AbortSignal): Promise<number>;
  /** Sends a value to the master, and settles when that and all that is to follow from it is done. */
  write(value: number): Promise<unknown>;
  /** Drops what is held. */
  invalidate(): MaybePromise<unknown>;
  /** Does what is to be done when the stream tells of a change. */
  hear(): MaybePromise<unknown>;
  /** Begins to listen to the stream. */
  connect?(): void;
  /** The connection to the stream is lost. */
  drop?(): void;
  /** The connection is there again. */
  comeBack?(): MaybePromise<void>;
  /** Stops the next entry on its way to the store. */
  holdFill?(): Gate;
  /** Fails the next invalidation in the store. */
  failInvalidation?(): void;
  close?(): MaybePromise<unknown>;
}
