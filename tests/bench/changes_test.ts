import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { DistantMaster, MASTER_MS } from "../../bench/changes/distant_master.ts";
import { bestHitRatio } from "../../bench/changes/ideal.ts";
import { cheapest, figure, median, percent, verdict } from "../../bench/changes/line.ts";
import { SimulatedClock } from "../../bench/changes/simulated_clock.ts";
import { finish, PAGES, runTraffic, type Traffic } from "../../bench/changes/traffic.ts";
import { type Changing, liveWorld } from "../../bench/changes/worlds.ts";

const TRAFFIC: Traffic = { reading: "open", changesPerSecond: 20, spacing: "random", seconds: 3 };

describe("The arithmetic of bench:changes", () => {
  it("median() is the value in the middle, or between the two in the middle", () => {
    assert.equal(median([30, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 30]), 3);
    assert.throws(() => median([]), RangeError);
  });

  it("figure() is met if all of its parts are, and has no verdict if none has one", () => {
    assert.deepEqual(figure(["a", true], ["b"], ["c", true]), { text: "a; b; c", met: true });
    assert.deepEqual(figure(["a", true], ["b", false]), { text: "a; b", met: false });
    assert.deepEqual(figure(["a"]), { text: "a" });
    const verdicts = [true, false, undefined].map((met) => verdict({ text: "", met }, { text: "" }));
    assert.deepEqual(verdicts, ["met", "not met", ""]);
    assert.equal(percent(0.915), "91.5 %");
  });

  it("verdict() compares the costs where a line is to be no worse than today", () => {
    const [one, two] = [{ text: "1", cost: 1 }, { text: "2", cost: 2 }];
    assert.equal(verdict(one, one, 1.1), "met");
    assert.equal(verdict(two, one, 1.1), "not met");
    assert.equal(verdict({ text: "–" }, one, 1.1), "not met");
    assert.equal(cheapest([two, one]), one);
    assert.throws(() => cheapest([]), RangeError);
  });

  it("bestHitRatio() is the share of the time in which no change of a page is younger than a read", async () => {
    for (const changesPerSecond of [50, 200]) {
      const traffic = { ...TRAFFIC, changesPerSecond, seconds: 10 };
      const changesPerRead = changesPerSecond / PAGES * MASTER_MS / 1_000;
      const ready = Math.exp(-changesPerRead);
      assert(Math.abs(await bestHitRatio(traffic, Infinity) - ready) < 0.03);
      assert(Math.abs(await bestHitRatio(traffic, 1) - ready / (ready + changesPerRead)) < 0.03);
    }
  });
});

describe("The worlds of bench:changes", () => {
  it("runTraffic() counts the same in each run, and finds nothing old in what a table serves", async () => {
    const [one, two] = [await tallyOf("ids", TRAFFIC), await tallyOf("ids", TRAFFIC)];
    assert.deepEqual(one, two);
    assert.equal(one.asked, 12_000);
    assert.equal(one.oldestMs, 0);
    assert(one.changes > 40 && one.changes < 80);
  });

  it("runTraffic() finds hits alone, and no row received, while nothing changes", async () => {
    const { asked, hits, rowsSent } = await tallyOf("ids", { ...TRAFFIC, changesPerSecond: 0 });
    assert.equal(hits, asked);
    assert.equal(rowsSent, 0);
  });

  it("runTraffic() finds that a table which is not told of changes serves old rows, and for how long", async () => {
    const master = await deafWorld();
    assert(master.oldestMs > 1_500, `${master.oldestMs}`);
  });

  it("runTraffic() shows own writes to those who asked after they had settled", async () => {
    const { oldestMs, changes } = await tallyOf("own writes", { ...TRAFFIC, reading: "closed", spacing: "even" });
    assert.equal(oldestMs, 0);
    assert.equal(changes, 59);
  });
});

describe("The master of bench:changes", () => {
  it("DistantMaster counts the reads that concern one page: of the page, and of rows on it", async () => {
    const clock = new SimulatedClock(1);
    const master = await DistantMaster.open(clock, {});
    const rows = master.table.where("id", "in", [master.ids[0] ?? "", master.ids[1] ?? "", master.ids[150] ?? ""]);
    const reads = Promise.all([
      master.table.page(1, 100).listValues(),
      rows.listValues(),
      rows.page(2, 100).listValues(),
    ]);
    await finish(clock, reads);
    assert.deepEqual((await reads).map(({ size }) => size), [100, 3, 0]);
    assert.deepEqual(master.counts, { reads: 3, rowsSent: 103, mostAtOnce: 3 });
  });
});

async function tallyOf(changing: Changing, traffic: Traffic) {
  await using world = await liveWorld({ view: {}, changing, options: {} });
  return await runTraffic(world, traffic);
}

async function deafWorld() {
  await using world = await liveWorld({ view: {}, changing: "ids", options: {} });
  return await runTraffic({ ...world, change: (id) => world.master.change(id) }, TRAFFIC);
}
