import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { CONTESTANTS } from "../../bench/coherence/contestants/all.ts";
import { cacheAside } from "../../bench/coherence/contestants/cache_aside.ts";
import type { Contestant } from "../../bench/coherence/contestant.ts";
import { openWorld, RACES } from "../../bench/coherence/races.ts";
import { tableWithNotes } from "../../bench/coherence/report.ts";
import { judge, runScoreboard } from "../../bench/coherence/scoreboard.ts";
import type { Master } from "../../bench/coherence/world.ts";

const WORDS = ["correct", "stale", "lost", "hangs", "n/a"];

describe("The scoreboard", () => {
  it("runScoreboard() finds this module correct in every race, and has a verdict for every contestant", async () => {
    const board = await runScoreboard(RACES, CONTESTANTS, openWorld);
    assert(board.races.length >= 10);
    assert.equal(board.contestants.length, 7);
    assert.equal(board.cells.length, board.races.length * board.contestants.length);
    for (const { contestant, race, verdict, note } of board.cells) {
      assert(WORDS.includes(verdict), `${contestant} in ${race}: ${verdict}`);
      assert(verdict === "correct" || note !== undefined, `${contestant} in ${race}: no reason is given`);
      if (contestant === "@vantage/live") assert.equal(verdict, "correct", `${race}: ${note}`);
    }
    const control = board.cells.filter(({ race }) => race === RACES[0]?.name);
    assert(control.every(({ verdict }) => verdict === "correct"), "a contestant is not used correctly");
    assert.equal(tableWithNotes(board).split("\n").filter((line) => line.startsWith("|")).length, RACES.length + 2);
  });
});

describe("The referee", () => {
  const duringAFetch = RACES.filter(({ name }) => /^(invalidate|write) during/.test(name));

  it("judge() calls a map without fences stale wherever something happens during a fetch", async () => {
    assert.equal(duringAFetch.length, 3);
    for (const race of duringAFetch) {
      const { verdict, note } = await judge(race, NAIVE, openWorld);
      assert.equal(verdict, "stale", race.name);
      assert.equal(note, "every later reader gets an old row");
    }
  });

  it("judge() finds nothing wrong with that map when nothing overlaps", async () => {
    assert.equal(await verdictInControl(NAIVE), "correct");
  });

  it("judge() detects a cache that keeps nothing, one that fails and one that never answers", async () => {
    assert.equal(await verdictInControl(reader((master) => master.read())), "lost");
    assert.equal(await verdictInControl(reader(() => Promise.reject(new Error("no answer")))), "lost");
    assert.equal(await verdictInControl(reader(() => new Promise(() => {}))), "hangs");
  });

  it("judge() takes the best of several usages, and says which it was", async () => {
    const [race] = duringAFetch;
    assert(race);
    const usages = [...NAIVE.usages, ...reader((master) => master.read()).usages];
    const { verdict, note } = await judge(race, { ...NAIVE, usages }, openWorld);
    assert.deepEqual({ verdict, note }, { verdict: "correct", note: "with no cache at all" });
  });

  it("judge() runs no race that needs a feature the contestant lacks", async () => {
    const race = RACES.find(({ needs }) => needs === "stream");
    assert(race);
    const { verdict, note } = await judge(race, {
      name: "limited",
      lacks: { stream: "has no subscriptions" },
      usages: [],
    }, openWorld);
    assert.deepEqual({ verdict, note }, { verdict: "n/a", note: "has no subscriptions" });
  });
});

/** A naive cache, without fences. */
const NAIVE: Contestant = {
  name: "naive",
  lacks: {},
  usages: [cacheAside("a map", ({ master }) => {
    const held = new Map<string, number>();
    return {
      read: async () => {
        const value = held.get("row") ?? await master.read();
        held.set("row", value);
        return value;
      },
      drop: () => held.delete("row"),
      keep: (value) => held.set("row", value),
    };
  })],
};

/** A cache that holds nothing. */
function reader(read: (master: Master) => Promise<number>): Contestant {
  const usage = cacheAside("no cache at all", ({ master }) => ({
    read: () => read(master),
    drop: () => {},
    keep: () => {},
  }));
  return { name: "reader", lacks: {}, usages: [usage] };
}

async function verdictInControl(contestant: Contestant): Promise<string> {
  const [control] = RACES;
  assert(control);
  return (await judge(control, contestant, openWorld)).verdict;
}
