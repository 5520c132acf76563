import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newPath } from "../conformance/temp_folder.ts";
import { type RunningWorker, runWorker } from "./run_worker.ts";

function runTables(folder?: string): Promise<RunningWorker> {
  return runWorker("live_table_worker.ts", { durableObjects: { TABLES: "TableObject" }, folder });
}

describe("LiveTable in workerd", () => {
  it("misses, hits, reads what it wrote, and hears of what others write", async () => {
    await using worker = await runTables();
    for (const [where, cache] of [["memory", "MemCache"], ["object", "DurableObjectCache"]]) {
      assert.deepEqual(JSON.parse(await worker.ask(`/${where}/exercise`)), [
        "miss: Bun",
        "hit: Bun",
        "hit: Brioche", // put in place
        "hit: Brioche",
        "hit: Brioche", // nobody has told yet
        "miss: Baguette",
        "hit: Baguette",
      ], `cache ${cache}`);
    }
  });

  it("starts warm from a DurableObjectCache after all of workerd was started again", async () => {
    const folder = newPath("objects");
    for (const expected of ["miss: Bun", "hit: Bun"]) {
      await using worker = await runTables(folder);
      assert.equal(JSON.parse(await worker.ask("/object/read")), expected);
    }
  });
});
