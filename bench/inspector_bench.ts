import { LiveTable, MemCache } from "@vantage/live";
import { Recorder } from "@vantage/live/inspector";
import assert from "node:assert/strict";
import { openBakery } from "./fixture.ts";
import { measure } from "./measure.ts";

const GROUP = "memory hit with an inspector, 1000 in a row";
const OPERATIONS = 1_000;

const { products: master, database } = await openBakery(1_000);

/** Hits of a page in memory. */
async function hits(recorder?: Recorder, isAttached = false): Promise<() => Promise<void>> {
  const table = new LiveTable(master, "product", new MemCache(), { tracer: recorder });
  if (isAttached) recorder?.attach({ products: table });
  const page = table.page(1, 100);
  assert.equal((await page.listValues()).size, 100);
  return async () => {
    for (let index = 0; index < OPERATIONS; index++) await page.listValues();
  };
}

const masterCalls = (): number => database.calls;
const common = { group: GROUP, operations: OPERATIONS, masterCalls };

measure({ ...common, name: "no tracer", baseline: true, run: await hits() });
measure({ ...common, name: "a recorder, not attached", run: await hits(new Recorder()) });
measure({ ...common, name: "a recorder, attached", run: await hits(new Recorder(), true) });
