import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineTable, LiveTable, MemCache, RejectedError, type Row, type Write } from "@vantage/live";
import { settle } from "@vantage/live/testing";

describe("Writes to a row whose insertion fails", () => {
  it("fail with it, in order, and none is sent, though there is no room for all of them in the queue", async () => {
    const written: string[] = [];
    const told: string[] = [];
    const table = defineTable({
      name: "products",
      list: () => new Map<string, Row>(),
      insertReturnId: () => Promise.reject(new RejectedError("too dear")),
      replace: (id, row) => {
        written.push(id);
        return row;
      },
    });
    const live = new LiveTable(table, "products", new MemCache(), { queueCapacity: 2 });
    const insertion = live.enqueue({ kind: "insertReturnId", row: { price: 2 } });
    const id = insertion.rowId ?? "";
    const replace = (price: number): Write => live.enqueue({ kind: "replace", id, row: { price } });
    const writes = [insertion, replace(3), replace(4), replace(5)];
    writes.forEach(({ applied }, at) => applied.catch(({ code }) => void told.push(`${at} ${code}`)));
    const other = live.replaceValue("b", { price: 1 });
    await settle();
    assert.deepEqual(told, ["0 rejected", "1 not_found", "2 not_found", "3 not_found"]);
    await other;
    await live.close();
    assert.deepEqual(written, ["b"]);
  });
});
