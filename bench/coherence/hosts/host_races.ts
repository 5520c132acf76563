import type { Subject } from "../contestant.ts";
import type { Race } from "../races.ts";
import type { Stage } from "../stage.ts";
import { FIRST, type HostsWorld } from "./hosts_world.ts";

/** The value after the first one. */
const NEXT = FIRST + 1;

type TwoHosts = readonly [one: Subject, other: Subject];

/** Races of two hosts on one Redis. */
export const HOST_RACES: readonly Race<HostsWorld>[] = [
  {
    name: "one thing after the other",
    story:
      "The control: nothing overlaps. What one host has read, the other must not ask the master for; each sees what the other changes.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      await stage.read("a reader", one, FIRST);
      await stage.read("a reader on the other host", other, FIRST);
      if (stage.world.master.reads > 1) stage.fault({ verdict: "lost", what: "the row is not cached" });
      stage.change();
      await stage.actAndRead("the invalidating caller", other.invalidate(), one, other);
      await stage.actAndRead("the writer", one.write(NEXT + 1), one, other);
    },
  },
  {
    name: "B invalidates while A fetches",
    story: "While host A fetches the old row, it changes and host B invalidates; then the fetch completes.",
    async run(stage) {
      const [one, other] = [await stage.open(), await stage.open()];
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", one, FIRST);
      stage.change();
      await stage.act("the invalidating caller", other.invalidate());
      fetching.release();
    },
  },
  {
    name: "B writes while A fetches",
    story: "While host A fetches the old row, host B writes; then the fetch completes.",
    async run(stage) {
      const [one, other] = [await stage.open(), await stage.open()];
      const fetching = stage.hold(stage.world.master.holdRead());
      await stage.read("the first reader", one, FIRST);
      await stage.act("the writer", other.write(NEXT));
      fetching.release();
    },
  },
  {
    name: "a read on A just after a write on B",
    story: "Both hold the row. As soon as a write on host B is acknowledged, host A is asked.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      await stage.done("the writer", other.write(NEXT));
      await stage.read("the reader just after the write", one, NEXT);
    },
  },
  {
    name: "B writes while A is cut off",
    story: "Both hold the row. While host A cannot reach Redis, host B writes; then A can reach it again.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      one.cut?.();
      await stage.act("the writer", other.write(NEXT));
      await stage.read("the reader on the other host", other, NEXT);
      one.restore?.();
    },
  },
  {
    name: "B dies in a write",
    story:
      "Both hold the row. The master has done a write of host B, which is cut off and killed before it hears of that.",
    async run(stage) {
      const [, other] = await twoHosts(stage);
      const writing = stage.hold(stage.world.master.holdWrite());
      other.write(NEXT).catch(() => {});
      await writing.reached;
      other.cut?.();
      stage.kill(other);
    },
  },
  {
    name: "Redis is frozen",
    story: "Both hold the row. Redis stops answering: reads and writes must be answered all the same. Then it goes on.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      stage.world.freeze();
      await whileAway(stage, "frozen", one, other);
      await stage.world.thaw();
    },
  },
  {
    name: "Redis is down, and comes back empty",
    story: "Both hold the row. Redis is killed: reads and writes must be answered all the same. Then it is started.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      await stage.world.kill();
      await whileAway(stage, "down", one, other);
      await stage.world.restart();
    },
  },
  {
    name: "Redis comes back from an old dump",
    story:
      "Both hold the row, Redis saves its dump, host B writes, and both read. Then Redis is killed and started, and so is a third host.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      await stage.world.save();
      await stage.actAndRead("the writer", other.write(NEXT), one, other);
      await stage.world.kill();
      await stage.world.restart();
      await stage.read("a reader on a host that starts", await stage.open(), NEXT);
    },
  },
  {
    name: "Redis is full",
    story: "Both hold the row. Redis takes no more memory; the row changes and host B invalidates.",
    async run(stage) {
      const [one, other] = await twoHosts(stage);
      await stage.world.fill();
      stage.change();
      await stage.actAndRead("the invalidating caller", other.invalidate(), one, other);
    },
  },
];

/** Two hosts that hold the row. */
async function twoHosts(stage: Stage<HostsWorld>): Promise<TwoHosts> {
  const [one, other] = [await stage.open(), await stage.open()];
  for (const host of [one, other]) await stage.read("the first reader", host, FIRST);
  return [one, other];
}

/** A read on one host and a write on the other must be answered. */
async function whileAway(
  stage: Stage<HostsWorld>,
  state: string,
  ...[one, other]: TwoHosts
): Promise<void> {
  const hasRead = await stage.read(`a reader while Redis is ${state}`, one, FIRST);
  if (!hasRead) stage.fault({ verdict: "hangs", what: `a reader waits as long as Redis is ${state}` });
  const hasWritten = await stage.act(`a writer while Redis is ${state}`, other.write(NEXT));
  if (!hasWritten) stage.fault({ verdict: "hangs", what: `a writer waits as long as Redis is ${state}` });
  else await stage.read(`the writing host while Redis is ${state}`, other, NEXT);
}
