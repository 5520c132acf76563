import type { ChangeCause } from "../change/change.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import { type DurationCounts, type Durations, newDurations } from "./durations.ts";

/** Counts since the table was made; `queued`, `oldestWriteMs`, `stream`, `entries` are how it stands now. */
export interface LiveStats {
  /** Reads served from the cache. */
  readonly hits: number;
  /** Reads that were not. */
  readonly misses: number;
  /** Reads served though what is held was stale: hits, and misses for which the master could not be reached. */
  readonly servedStale: number;
  /** Misses that shared a read of the master with another. */
  readonly sharedReads: number;
  /** Entries stored. */
  readonly fills: number;
  /** Entries that were not stored since the key had been invalidated while the master was read. */
  readonly fencedFills: number;
  /** Invalidations, by what made the change known. */
  readonly invalidations: { readonly [cause in ChangeCause]: number };
  /** Changes that entries took without the master: a row was replaced, removed or inserted. */
  readonly rowsInPlace: number;
  /** Rows that were read again alone, together where several are, since a change did not say what they are. */
  readonly holes: number;
  /** Entries that were read again as a whole, by what made the change known that they could not take. */
  readonly deadEntries: { readonly [cause in ChangeCause]: number };
  /** Reads of the master, counts and single rows included. */
  readonly masterReads: number;
  /** Those of them that failed. */
  readonly failedReads: number;
  /** How long they took, failed ones included. */
  readonly masterReadTimes: Durations;
  /** Reads behind an answer that failed: of stale entries that were served, and of pages ahead. */
  readonly failedBehind: number;
  /** Writes sent to the master or the write target. */
  readonly masterWrites: number;
  /** Writes that failed, there or before they were sent. */
  readonly failedWrites: number;
  /** Rows that the master sent. */
  readonly rowsReceived: number;
  /** Rows among them, alone or with others, that were the same as when they were last received under the same key. */
  readonly rowsRedundant: number;
  /** Writes queued or in flight now. */
  readonly queued: number;
  /** How long ago the first of them was accepted, in milliseconds; 0 if there is none. */
  readonly oldestWriteMs: number;
  /** Events that arrived, by kind. */
  readonly events: { readonly [kind in LiveEvent["kind"]]: number };
  /** Subscriptions that ended, so that events may have been missed. */
  readonly gaps: number;
  /** Whether events arrive now: `none` if there is no stream, `lost` if it has ended or is not connected. */
  readonly stream: "none" | "live" | "lost";
  /** Entries that the cache holds of this table; `undefined` if the cache does not count them. */
  readonly entries: number | undefined;
  /** Entries of this table that the cache has dropped for lack of room; `undefined` if it does not count them. */
  readonly evictions: number | undefined;
  /** Attempts beyond the first: writes, invalidations and reads of watchers tried again, and subscriptions made again. */
  readonly retries: number;
  /** Calls of the cache that failed. */
  readonly cacheFailures: number;
  /** Calls of the outbox that failed, and entries of it that could not be read. */
  readonly outboxFailures: number;
  /** Calls of listeners that failed. */
  readonly listenerFailures: number;
  /** Calls of the tracer that failed. */
  readonly tracerFailures: number;
}

/** What is looked up when it is asked for. */
type Present = "queued" | "oldestWriteMs" | "stream" | "entries" | "evictions";

/** What has several counts. */
type Several = "invalidations" | "deadEntries" | "events" | "masterReadTimes";

/** The same counts, to be counted up. */
export type Counters =
  & { -readonly [name in keyof Omit<LiveStats, Present | Several>]: number }
  & {
    readonly invalidations: { [cause in ChangeCause]: number };
    readonly deadEntries: { [cause in ChangeCause]: number };
    readonly events: { [kind in LiveEvent["kind"]]: number };
    readonly masterReadTimes: DurationCounts;
  };

/** All counts at zero. */
export function newCounters(): Counters {
  return {
    hits: 0,
    servedStale: 0,
    misses: 0,
    sharedReads: 0,
    fills: 0,
    fencedFills: 0,
    invalidations: { write: 0, event: 0, gap: 0, manual: 0 },
    rowsInPlace: 0,
    holes: 0,
    deadEntries: { write: 0, event: 0, gap: 0, manual: 0 },
    masterReads: 0,
    failedReads: 0,
    masterReadTimes: newDurations(),
    failedBehind: 0,
    masterWrites: 0,
    failedWrites: 0,
    rowsReceived: 0,
    rowsRedundant: 0,
    events: { changed: 0, inserted: 0, updated: 0, deleted: 0 },
    gaps: 0,
    retries: 0,
    cacheFailures: 0,
    outboxFailures: 0,
    listenerFailures: 0,
    tracerFailures: 0,
  };
}
