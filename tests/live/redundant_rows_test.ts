import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemTable, NoCache } from "@vantage/live";

describe("LiveTable.stats().rowsRedundant", () => {
  it("counts what is received again, as far as it is remembered: 256 keys and 20 000 rows", async () => {
    const redundant = async (size: number): Promise<number> => {
      const rows = Array.from({ length: size }, (_, at) => [`${at}`, { at }] as const);
      await using table = new LiveTable(new MemTable("t", { rows }), "t", new NoCache());
      await table.listValues();
      await table.listValues();
      return table.stats().rowsRedundant;
    };
    assert.deepEqual([await redundant(20_000), await redundant(20_001)], [20_000, 0]);

    const rows = Array.from({ length: 300 }, (_, at) => [`${at}`, { at }] as const);
    await using table = new LiveTable(new MemTable("t", { rows }), "t", new NoCache());
    const readFirst = async (count: number): Promise<number> => {
      const before = table.stats().rowsRedundant;
      for (let at = 0; at < count; at++) await table.getValue(`${at}`);
      return table.stats().rowsRedundant - before;
    };
    assert.deepEqual([await readFirst(256), await readFirst(256)], [0, 256]);
    assert.deepEqual(
      [await readFirst(257), await readFirst(257)],
      [256, 0],
      "each was forgotten for the one before it",
    );
  });
});
