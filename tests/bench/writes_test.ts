import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { IDEAL } from "../../bench/writes/ideal_writer.ts";
import { AT_ONCE, liveWriter } from "../../bench/writes/live_writer.ts";
import { offlineWriter } from "../../bench/writes/offline_writer.ts";
import { writeMaster } from "../../bench/writes/write_master.ts";
import { drain } from "../../bench/writes/writer.ts";

describe("The writers of bench:writes", () => {
  for (const [writer, atOnce] of [[liveWriter(), AT_ONCE], [IDEAL, AT_ONCE], [offlineWriter(), 1]] as const) {
    it(`${writer.name} brings each write to the master, ${atOnce} at once`, async () => {
      const master = writeMaster(1);
      const { applied, mostAtOnce } = await drain(writer, master, 100);
      assert.deepEqual([applied, mostAtOnce], [100, atOnce]);
      for (const at of [0, 50, 99]) assert.equal((await master.table.getValue(`product-${at}`))?.stock, at);
      assert.equal((await drain(writer, writeMaster(0), 100)).applied, 100);
    });
  }
});
