import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteOp } from "@vantage/live";
import { fixture } from "../live/fixture.ts";

describe("LiveTable, what is no write", () => {
  it("is refused with the operation, the row, the value and what is accepted", async () => {
    const { table } = fixture();
    const refused: readonly [op: unknown, message: RegExp][] = [
      [undefined, /^A write must be an operation, such as \{ kind: .* got undefined$/],
      [null, /^A write must be an operation.* got null$/],
      ["patch", /^A write must be an operation.* got "patch"$/],
      [
        { kind: "patch", id: "x" },
        /^Cannot patch row "x" with this partial: A row must be a plain object, got undefined$/,
      ],
      [
        { kind: "patch", id: "x", partial: { f: () => {} } },
        /^Cannot patch row "x" with this partial: .*\(at f\); accepted/,
      ],
      [{ kind: "replace", id: "x", row: 7 }, /^Cannot replace row "x" with this row: .* got number 7$/],
      [{ kind: "insert", id: "x" }, /^Cannot insert row "x" with this row: .* got undefined$/],
      [{ kind: "insertReturnId", row: [] }, /^Cannot insert a row with this row: .* got an array$/],
      [{ kind: "delete" }, /^Cannot delete a row: An id must be a string, got undefined$/],
      [{ kind: "upsert", id: "x", row: {} }, /^Unknown operation "upsert"; accepted are insert, /],
    ];
    for (const [op, message] of refused) {
      assert.throws(() => table.enqueue(op as WriteOp), { name: "TypeError", message });
    }
    assert.deepEqual(table.pendingWrites(), []);
    await table.close();
  });

  it("is refused where the id of one is expected, or whether the master can be reached", async () => {
    const { table } = fixture();
    for (const id of [undefined, 7, null, {}] as unknown as string[]) {
      const error = { name: "TypeError", message: /^The id of a write must be a string, as in write.id, got / };
      await assert.rejects(table.retry(id), error);
      await assert.rejects(table.discard(id), error);
    }
    for (const online of ["false", 0, undefined, null] as unknown as boolean[]) {
      assert.throws(() => table.setOnline(online), {
        name: "TypeError",
        message: /^setOnline\(\) takes true or false, got /,
      });
    }
    await table.close();
  });
});
