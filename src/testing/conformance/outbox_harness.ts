import { isUnreadable, type Outbox, type OutboxEntry, type StoredWrite } from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import { type Closable, type ConformanceCase, using } from "./conformance_case.ts";
import { expect, expectEqual, show } from "./expect.ts";

/** An outbox on the storage of a harness. */
export interface OpenOutbox extends Closable {
  /** The outbox. */
  readonly outbox: Outbox;
}

/** One storage, and what outboxes on it can do. */
export interface OutboxHarness {
  /** Whether what is kept survives when the last outbox on the storage is closed. */
  readonly persistent: boolean;
  /** The bounds of its outboxes: 1 000 entries or more, and at least 10 answers. */
  readonly bounds: OutboxLimits;
  /** The most bytes of one write; left out if it may have any number. */
  readonly maxWriteBytes?: number | undefined;
  /** Another outbox on the same storage; several may be open at once. */
  open(): Promise<OpenOutbox>;
  /** Makes the bytes of an entry unreadable; left out if it is not kept as bytes. */
  readonly damage?: ((queue: string, id: string) => Promise<void> | void) | undefined;
}

/** A case of the outbox suite. */
export type OutboxCase = ConformanceCase<OutboxHarness>;

/** The queue of most cases. */
export const QUEUE = "marty/clients";
/** The time of most cases, in milliseconds since the epoch. */
export const NOW = 1_700_000_000_000;
/** How long leases are taken for. */
export const LEASE_MS = 30_000;

/** A case on two outboxes on one storage. */
export function outboxCase(
  name: string,
  body: (outbox: Outbox, other: Outbox, harness: OutboxHarness) => Promise<void>,
): OutboxCase {
  return {
    name,
    run: (harness) =>
      using(harness.open(), ({ outbox }) => using(harness.open(), (other) => body(outbox, other.outbox, harness))),
  };
}

/** A case of an outbox that outlives what it is opened by: `use` opens it, uses it, and closes it. */
export function reopeningOutbox(
  name: string,
  body: (use: (work: (outbox: Outbox) => Promise<void>) => Promise<void>) => Promise<void>,
): OutboxCase {
  return {
    name,
    skip: ({ persistent }) => persistent ? undefined : "the outbox is not persistent",
    run: (harness) => body((work) => using(harness.open(), ({ outbox }) => work(outbox))),
  };
}

/** A write of the holder `"a"` to the row `row-of-{id}`, unless something else is said. */
export function newWrite(id: string, differences: Partial<StoredWrite> = {}): StoredWrite {
  const rowId = `row-of-${id}`;
  return {
    id,
    op: { kind: "patch", id: rowId, partial: { name: id } },
    within: {},
    rowId,
    acceptedAt: NOW,
    acceptedBy: "a",
    ...differences,
  };
}

/** Takes the lease of a queue, and answers with its term. */
export async function leaseOf(outbox: Outbox, holder = "a", queue: string = QUEUE): Promise<number> {
  const term = await outbox.lease(queue, holder, NOW, LEASE_MS);
  expect(term !== undefined, `${holder} must get the lease`);
  return term;
}

/** All entries of a queue; fails if one cannot be read. */
export async function entriesOf(outbox: Outbox, queue: string = QUEUE): Promise<readonly OutboxEntry[]> {
  return (await outbox.load(queue, 0, 1_000)).map((entry) => {
    if (isUnreadable(entry)) throw new Error(`An entry cannot be read: ${show(entry.error)}`);
    return entry;
  });
}

/** The entry of a write; fails if there is none. */
export async function entryOf(outbox: Outbox, id: string, queue: string = QUEUE): Promise<OutboxEntry> {
  const entry = (await entriesOf(outbox, queue)).find(({ write }) => write.id === id);
  expect(entry !== undefined, `there must be an entry of the write ${show(id)}`);
  return entry;
}

/** Fails unless the queue holds exactly these writes, in this order. */
export async function expectIds(outbox: Outbox, ids: readonly string[], queue: string = QUEUE): Promise<void> {
  const entries = await entriesOf(outbox, queue);
  expectEqual(entries.map(({ write }) => write.id), ids, `the writes in ${show(queue)}`);
}

/** Marks a write as sent and then as failed. */
export async function fail(outbox: Outbox, term: number, id: string): Promise<void> {
  const failure = { code: "rejected", message: "no", effect: "none", retriable: false, at: NOW } as const;
  const marks = [{ kind: "sent", id }, { kind: "failed", id, failure }] as const;
  expectEqual(await outbox.mark(QUEUE, term, marks, NOW), true, "the answer of mark");
}
