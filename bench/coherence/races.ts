import type { Need } from "./contestant.ts";
import type { Stage } from "./stage.ts";

/** A race: what happens, told in a sentence or two, and as a script. */
export interface Race {
  readonly name: string;
  readonly story: string;
  /** What a contestant must have a notion of, to be in it. */
  readonly needs?: Need;
  /** How long replicas may lag behind the master, as its owner declares it. */
  readonly masterLagMs?: number;
  run(stage: Stage): Promise<void>;
}

const LAG_MS = 1_000;
const BURSTS = 10;
const BURST = 10;

/** All of them end alike: everything is let go and comes to rest, and then each process must show the master's truth. */
export const RACES: readonly Race[] = [
  {
    name: "one thing after the other",
    story: "The control: nothing overlaps. A second read must not ask the master, and each change must be seen.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      const { reads } = stage.world.master;
      await stage.read("the second reader", subject, 0);
      if (stage.world.master.reads > reads) stage.fault({ verdict: "lost", what: "what was read is not kept" });
      stage.change();
      await stage.actAndRead("who invalidates", subject.invalidate(), subject);
      await stage.actAndRead("the writer", subject.write(2), subject);
    },
  },
  {
    name: "invalidate during the first fetch",
    story: "A fetch has left the master with the old row when the row changes and is invalidated; then it returns.",
    async run(stage) {
      const subject = await stage.open();
      const held = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", subject, 0);
      stage.change();
      await stage.actAndRead("who invalidates", subject.invalidate(), subject);
      held.release();
    },
  },
  {
    name: "invalidate during a refetch",
    story: "The same while an entry that was invalidated before is fetched again.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      const held = stage.hold(stage.world.master.holdRead());
      await stage.act("who invalidates first", subject.invalidate());
      await stage.read("who asks for the refetch", subject, 0);
      stage.change();
      await stage.actAndRead("who invalidates", subject.invalidate(), subject);
      held.release();
    },
  },
  {
    name: "write during a fetch",
    story: "A fetch has left the master with the old row when a write is made and answered; then it returns.",
    async run(stage) {
      const subject = await stage.open();
      const held = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", subject, 0);
      await stage.actAndRead("the writer", subject.write(1), subject);
      held.release();
    },
  },
  {
    name: "two writes and a slow refetch",
    story: "A refetch that began between two writes returns after the second.",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      await stage.act("the first writer", subject.write(1));
      const held = stage.hold(stage.world.master.holdRead());
      await stage.act("who invalidates", subject.invalidate());
      await stage.read("who asks for the refetch", subject, 1);
      await stage.actAndRead("the second writer", subject.write(2), subject);
      held.release();
    },
  },
  {
    name: "event storm",
    story:
      "A hundred changes by others in bursts of ten, each with its event and a reader; the first fetch returns last.",
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.rest();
      await stage.read("the first reader", subject, 0);
      const held = stage.hold(stage.world.master.holdRead());
      const heard: (() => boolean)[] = [];
      for (let burst = 0; burst < BURSTS; burst++) {
        for (let event = 0; event < BURST; event++) {
          stage.change();
          heard.push(stage.expect("who hears an event", subject.hear()));
          stage.ask("a reader in the storm", subject, 0);
        }
        await stage.rest();
      }
      await stage.read("who asks after the storm", subject, heard.every((settled) => settled()) ? BURSTS * BURST : 0);
      held.release();
    },
  },
  {
    name: "event between snapshot and subscription",
    story: "The row is read, then it changes and nobody listens yet, then the subscription is made.",
    needs: "stream",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      stage.change();
      subject.connect?.();
      await stage.rest();
      await stage.read("who asks after the subscription", subject, 1);
    },
  },
  {
    name: "stream drop and return",
    story: "The stream is lost, the row is read, then it changes and nobody hears it, then the stream is back.",
    needs: "stream",
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.rest();
      await stage.read("the first reader", subject, 0);
      subject.drop?.();
      await stage.rest();
      await stage.read("a reader without a stream", subject, 0);
      stage.change();
      await stage.act("the stream", subject.comeBack?.());
      await stage.read("who asks after the return", subject, 1);
    },
  },
  {
    name: "abort of one of two readers",
    story: "Two readers wait for one fetch, and the one who began it leaves.",
    needs: "signal",
    async run(stage) {
      const subject = await stage.open();
      const held = stage.hold(stage.world.master.holdRead());
      const leaving = new AbortController();
      stage.expect("the reader who leaves", subject.read(leaving.signal).catch(() => {}));
      await stage.read("the reader who stays", subject, 0);
      leaving.abort();
      await stage.rest();
      held.release();
    },
  },
  {
    name: "failing invalidation",
    story:
      "The row changes, and the store cannot be reached when it is invalidated; a moment later it can, and who was told tries again.",
    needs: "store",
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      subject.failInvalidation?.();
      stage.change();
      const invalidating = (async () => await subject.invalidate())().catch(() => {
        stage.remarks.push("who invalidated was told, and tried again");
        return subject.invalidate();
      });
      await stage.actAndRead("who invalidates", invalidating, subject);
    },
  },
  {
    name: "replica lag after a write",
    story:
      "For a while after a write, the master is read from a replica that does not have it; somebody reads meanwhile.",
    masterLagMs: LAG_MS,
    async run(stage) {
      const subject = await stage.open();
      await stage.read("the first reader", subject, 0);
      stage.lag();
      await stage.act("the writer", subject.write(1));
      await stage.read("a reader meanwhile", subject, 0);
      await stage.catchUp();
      await stage.read("who asks after the lag", subject, 1);
    },
  },
  {
    name: "replica lag after an event",
    story: "The same when somebody else wrote, and an event tells of it before the replica has it.",
    masterLagMs: LAG_MS,
    async run(stage) {
      const subject = await stage.open();
      subject.connect?.();
      await stage.catchUp();
      await stage.read("the first reader", subject, 0);
      stage.lag();
      stage.change();
      await stage.act("who hears the event", subject.hear());
      await stage.read("a reader meanwhile", subject, 0);
      await stage.catchUp();
      await stage.read("who asks after the lag", subject, 1);
    },
  },
  {
    name: "another process writes during a fill",
    story:
      "A fetch has left the master with the old row when another process on the same store writes; then it returns.",
    needs: "store",
    async run(stage) {
      const [one, other] = [await stage.open(), await stage.open()];
      const held = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", one, 0);
      await stage.actAndRead("the writer", other.write(1), one, other);
      held.release();
    },
  },
  {
    name: "process restart mid-fill",
    story: "A process dies while its entry is on its way to the store; its successor writes; then the entry arrives.",
    needs: "store",
    async run(stage) {
      const dying = await stage.open();
      const arrival = stage.hold(dying.holdFill?.());
      dying.read().catch(() => {});
      await stage.rest();
      stage.kill(dying);
      const successor = await stage.open();
      await stage.read("the first reader after the restart", successor, 0);
      await stage.actAndRead("the writer", successor.write(1), successor);
      arrival.release();
      await stage.rest();
      await stage.read("who asks a third process", await stage.open(), 1);
    },
  },
];
