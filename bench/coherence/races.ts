import type { Need } from "./contestant.ts";
import type { Stage } from "./stage.ts";
import { type StageWorld, World } from "./world.ts";

/** A race: what happens, in a sentence or two, and as a script. */
export interface Race<W extends StageWorld = World> {
  readonly name: string;
  readonly story: string;
  /** The feature that a contestant needs to take part. */
  readonly needs?: Need;
  /** How long replicas may lag behind the master, as declared by its owner. */
  readonly masterLagMs?: number;
  run(stage: Stage<W>): Promise<void>;
}

const LAG_MS = 1_000;
const BURSTS = 10;
const BURST = 10;

/**
 * All races end alike: everything that is held is released and settles, then each process must show the master's row.
 */
export const RACES: readonly Race[] = [
  {
    name: "one thing after the other",
    story: "The control: nothing overlaps. A second read must not reach the master, and each change must be seen.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      const { reads } = stage.world.master;
      await stage.read("the second reader", subject, 0);
      if (stage.world.master.reads > reads) stage.fault({ verdict: "lost", what: "the row is not cached" });
      stage.change();
      await stage.actAndRead("the invalidating caller", subject.invalidate(), subject);
      await stage.actAndRead("the writer", subject.write(2), subject);
    },
  },
  {
    name: "invalidate during the first fetch",
    story: "While a fetch of the old row is in flight, the row changes and is invalidated; then the fetch completes.",
    async run(stage) {
      const subject = await stage.open();
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", subject, 0);
      stage.change();
      await stage.actAndRead("the invalidating caller", subject.invalidate(), subject);
      fetching.release();
    },
  },
  {
    name: "invalidate during a refetch",
    story: "The same during the refetch of an entry that was already invalidated.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.act("the first invalidating caller", subject.invalidate());
      await stage.read("the reader that triggers the refetch", subject, 0);
      stage.change();
      await stage.actAndRead("the invalidating caller", subject.invalidate(), subject);
      fetching.release();
    },
  },
  {
    name: "write during a fetch",
    story: "While a fetch of the old row is in flight, a write is sent and confirmed; then the fetch completes.",
    async run(stage) {
      const subject = await stage.open();
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", subject, 0);
      await stage.actAndRead("the writer", subject.write(1), subject);
      fetching.release();
    },
  },
  {
    name: "two writes and a slow refetch",
    story: "A refetch that starts between two writes completes after the second.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      await stage.act("the first writer", subject.write(1));
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.act("the invalidating caller", subject.invalidate());
      await stage.read("the reader that triggers the refetch", subject, 1);
      await stage.actAndRead("the second writer", subject.write(2), subject);
      fetching.release();
    },
  },
  {
    name: "event storm",
    story:
      "A hundred external changes in bursts of ten, each with an event and a reader; the first fetch completes last.",
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.rest();
      await stage.read("the first reader", subject, 0);
      const fetching = stage.hold(stage.world.master.holdRead());
      const received: (() => boolean)[] = [];
      for (let burst = 0; burst < BURSTS; burst++) {
        for (let event = 0; event < BURST; event++) {
          stage.change();
          received.push(stage.expect("the subscriber", subject.receive()));
          stage.ask("a reader in the storm", subject, 0);
        }
        await stage.rest();
      }
      const settled = received.every((isSettled) => isSettled());
      await stage.read("the reader after the storm", subject, settled ? BURSTS * BURST : 0);
      fetching.release();
    },
  },
  {
    name: "event between snapshot and subscription",
    story: "The row is read, then changes while there is no subscription yet, then the subscription begins.",
    needs: "stream",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      stage.change();
      subject.connect?.();
      await stage.rest();
      await stage.read("the reader after the subscription", subject, 1);
    },
  },
  {
    name: "stream drop and return",
    story: "The stream is lost, the row is read, then changes without an event, then the stream reconnects.",
    needs: "stream",
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.rest();
      await stage.read("the first reader", subject, 0);
      subject.disconnect?.();
      await stage.rest();
      await stage.read("a reader without a stream", subject, 0);
      stage.change();
      await stage.act("the stream", subject.reconnect?.());
      await stage.read("the reader after the return", subject, 1);
    },
  },
  {
    name: "abort of one of two readers",
    story: "Two readers wait for one fetch, and the one that started it aborts.",
    needs: "signal",
    async run(stage) {
      const subject = await stage.open();
      const fetching = stage.hold(stage.world.master.holdRead());
      const leaving = new AbortController();
      stage.expect("the reader that aborts", subject.read(leaving.signal).catch(() => {}));
      await stage.read("the reader that waits", subject, 0);
      leaving.abort();
      await stage.rest();
      fetching.release();
    },
  },
  {
    name: "failing invalidation",
    story:
      "The row changes, but the store is unreachable for its invalidation; then a caller that got the error retries.",
    needs: "store",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      subject.failInvalidation?.();
      stage.change();
      const invalidating = (async () => await subject.invalidate())().catch(() => {
        stage.remarks.push("the caller got the error and retried");
        return subject.invalidate();
      });
      await stage.actAndRead("the invalidating caller", invalidating, subject);
    },
  },
  {
    name: "replica lag after a write",
    story:
      "For a while after a write, a replica that lacks it serves the reads of the master; a reader asks in that time.",
    masterLagMs: LAG_MS,
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      stage.lag();
      await stage.act("the writer", subject.write(1));
      await stage.read("a reader during the lag", subject, 0);
      await stage.catchUp();
      await stage.read("the reader after the lag", subject, 1);
    },
  },
  {
    name: "replica lag after an event",
    story: "The same for an external write, whose event arrives before the replica has it.",
    masterLagMs: LAG_MS,
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.catchUp();
      await stage.read("the first reader", subject, 0);
      stage.lag();
      stage.change();
      await stage.act("the subscriber", subject.receive());
      await stage.read("a reader during the lag", subject, 0);
      await stage.catchUp();
      await stage.read("the reader after the lag", subject, 1);
    },
  },
  {
    name: "another process writes during a fill",
    story: "While a fetch of the old row is in flight, another process on the same store writes; then it completes.",
    needs: "store",
    async run(stage) {
      const [one, other] = [await stage.open(), await stage.open()];
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", one, 0);
      await stage.actAndRead("the writer", other.write(1), one, other);
      fetching.release();
    },
  },
  {
    name: "process restart mid-fill",
    story: "A process dies while it stores an entry; the next process writes; then the entry reaches the store.",
    needs: "store",
    async run(stage) {
      const dying = await stage.open();
      const arrival = stage.hold(dying.holdFill?.());
      dying.read().catch(() => {});
      await stage.rest();
      stage.kill(dying);
      const next = await stage.open();
      await stage.read("the first reader after the restart", next, 0);
      await stage.actAndRead("the writer", next.write(1), next);
      arrival.release();
      await stage.rest();
      await stage.read("the reader in a third process", await stage.open(), 1);
    },
  },
];

/** The world of a race: processes share a store where it needs one. */
export function openWorld({ needs, masterLagMs = 0 }: Race): World {
  return new World({ shared: needs === "store", masterLagMs });
}
