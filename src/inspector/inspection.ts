import type { ChangeCause } from "../change/change.ts";
import type { LiveStats } from "../live/live_stats.ts";
import type { WriteState } from "../queue/write.ts";

/** What was recorded of some tables, as plain data: it survives JSON. All times are milliseconds since the epoch. */
export interface Inspection {
  /** When it was taken. */
  readonly at: number;
  /** What was recorded of each table, in the order in which they were attached. */
  readonly tables: readonly TableInspection[];
}

/** What was recorded of one table. Conditions of views are hashed, and of errors only the name and code are kept. */
export interface TableInspection {
  /** The name that it was attached with. */
  readonly name: string;
  /** What was counted since the table was made. */
  readonly stats: LiveStats;
  /** What was served in each second of the last minute in which anything was, the oldest first. */
  readonly served: readonly ServedSecond[];
  /** The lives of the entries that were used last, the last one first. */
  readonly entries: readonly EntryLine[];
  /** The last reads that asked the master, the last one first. */
  readonly reads: readonly ReadLine[];
  /** Its writes. */
  readonly queue: QueueInspection;
  /** Its stream. */
  readonly stream: StreamLine;
}

/** What was served in one second. */
export interface ServedSecond {
  /** When the second began. */
  readonly at: number;
  /** Reads that were served from the cache. */
  readonly hits: number;
  /** Stale rows that were served. */
  readonly stale: number;
  /** Reads that asked the master. */
  readonly misses: number;
  /** The sum of the ages of what was served, in milliseconds. */
  readonly ageMs: number;
  /** The greatest of them. */
  readonly maxAgeMs: number;
}

/** The life of an entry, as far as it was recorded. */
export interface EntryLine {
  /** Its key; where it has the values of conditions, a hash in place of them. */
  readonly key: string;
  /** What happened to it, the oldest first. */
  readonly marks: readonly EntryMark[];
}

/**
 * What can happen to an entry. `filled`: the master's rows were stored. `refused`: they were not, since the entry had changed
 * meanwhile, or the cache takes none. `served`: it answered reads. `in place`: it took a change without the master.
 * `hole`: a row was read again alone. `dead`: it was read again as a whole. `dropped`: it was removed. `expired`: it had grown
 * too old. `lost`: it was not there any more, though nothing that this table knows of had dropped it: the cache had no room, or
 * somebody else dropped it.
 */
export type EntryMarkKind =
  | "filled"
  | "refused"
  | "served"
  | "in place"
  | "hole"
  | "dead"
  | "dropped"
  | "expired"
  | "lost";

/** Something that happened to an entry. */
export interface EntryMark {
  /** What happened. */
  readonly kind: EntryMarkKind;
  /** When it happened first. */
  readonly at: number;
  /** When it happened last, if it happened several times in a row. */
  readonly until?: number | undefined;
  /** How often it happened in a row. */
  readonly times: number;
  /** What made the change known. */
  readonly by?: ChangeCause | undefined;
  /** The id of the write. */
  readonly write?: string | undefined;
  /** The row that changed. */
  readonly row?: string | undefined;
}

/** A read that asked the master. */
export interface ReadLine {
  /** The key of what was read. */
  readonly key: string;
  /** When it began. */
  readonly at: number;
  /** How long it took. */
  readonly ms: number;
  /** Why what was held did not answer it. */
  readonly why: string | undefined;
  /** `miss`, or `failed`. */
  readonly outcome: string;
  /** What was done under its key meanwhile, by it or by a read that it shared. */
  readonly parts: readonly ReadPart[];
}

/** A part of a read. */
export interface ReadPart {
  /** `get`, `fence`, `load` (the master) or `put`. */
  readonly name: string;
  /** When it began, after the read; less than 0 if it is of an earlier read, which this one shares. */
  readonly fromMs: number;
  /** How long it took. */
  readonly ms: number;
  /** How it ended: `miss`, `fenced`, `answered`, `populated` or `failed`. */
  readonly outcome: string;
}

/** The writes that wait, by the row that they are about. */
export interface QueueInspection {
  /** The lanes, in the order of their first writes. */
  readonly lanes: readonly Lane[];
  /** How many lanes there are besides. */
  readonly moreLanes: number;
  /** Writes that failed for good: those that were seen to, and those in the outbox. */
  readonly failed: readonly FailedLine[];
}

/** The writes to one row, in their order. */
export interface Lane {
  /** The row; `undefined` for writes to the whole set. */
  readonly row: string | undefined;
  /** The writes, in the order in which they are sent. */
  readonly writes: readonly LaneWrite[];
  /** How many follow besides. */
  readonly more: number;
  /** Why the last attempt to send the first one failed: the name and code of the error. */
  readonly error?: string | undefined;
}

/** A write in a lane. */
export interface LaneWrite {
  /** Its id. */
  readonly id: string;
  /** What it does, as in `patch`. */
  readonly kind: string;
  /** Where it stands. */
  readonly state: WriteState;
  /** How often it was tried. */
  readonly attempts: number;
}

/** A write that failed. */
export interface FailedLine {
  /** When it failed. */
  readonly at: number;
  /** What it was to do. */
  readonly kind: string;
  /** The row that it was about. */
  readonly row: string | undefined;
  /** The name or code of the error. */
  readonly error: string;
}

/** The stream, as far as it was recorded. */
export interface StreamLine {
  /** When events may have been missed; without `until`, still. */
  readonly gaps: readonly { readonly from: number; readonly until?: number | undefined }[];
  /** The last events, the oldest first. */
  readonly events: readonly StreamEvent[];
}

/** An event that arrived. */
export interface StreamEvent {
  /** When it arrived. */
  readonly at: number;
  /** What it says: `updated`, `deleted` and so on. */
  readonly kind: string;
  /** The row that it is about. */
  readonly row?: string | undefined;
}
