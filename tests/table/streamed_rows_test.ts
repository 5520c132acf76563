import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, InvalidAnswerError, type Row, type Table } from "@vantage/live";
import { settle } from "@vantage/live/testing";

/** A table of numbers, whose rows are made when they are asked for. */
function numbers(
  count: number,
  made: number[] = [],
  end: () => void = () => {},
): Table {
  return defineTable({
    name: "numbers",
    idField: "id",
    capabilities: { page: true, where: ["gt"] },
    list: ({ query: { pagination } }) =>
      Array.from({ length: pagination?.limit ?? count }, (_, at) => ({ id: String(at + (pagination?.skip ?? 0)) })),
    async *stream({ signal }) {
      try {
        for (let at = 0; at < count; at++) {
          signal?.throwIfAborted();
          made.push(at);
          yield [String(at), { id: String(at) }];
        }
      } finally {
        end();
      }
    },
  });
}

describe("Table.streamValues() of a source that streams", () => {
  it("makes as many rows as are asked for", async () => {
    const made: number[] = [];
    const reader = numbers(10, made).streamValues().getReader();
    await settle();
    assert.deepEqual(made, []);
    assert.deepEqual((await reader.read()).value, ["0", { id: "0" }]);
    assert.deepEqual((await reader.read()).value, ["1", { id: "1" }]);
    assert.deepEqual(made, [0, 1]);
    for (let left = 8; left > 0; left--) await reader.read();
    assert.equal((await reader.read()).done, true);
  });

  it("ends it when the reader cancels, and when the signal is aborted", async () => {
    let ended = 0;
    const table = numbers(10, [], () => ended++);
    const reader = table.streamValues().getReader();
    await reader.read();
    await reader.cancel();
    await settle();
    assert.equal(ended, 1);
    const controller = new AbortController();
    const other = table.streamValues({ signal: controller.signal }).getReader();
    await other.read();
    controller.abort(new Error("enough"));
    await assert.rejects(other.read(), /enough/);
    await assert.rejects(
      table.streamValues({ signal: AbortSignal.abort(new Error("before")) }).getReader().read(),
      /before/,
    );
    await numbers(1).streamValues().cancel();
  });

  it("reads a list where it is a page, or where something is left to do in memory", async () => {
    const made: number[] = [];
    const table = numbers(10, made);
    const idsOf = async (narrowed: Table): Promise<readonly string[]> => {
      const ids: string[] = [];
      const reader = narrowed.streamValues().getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) ids.push(next.value[0]);
      return ids;
    };
    assert.deepEqual(await idsOf(table.page(2, 3)), ["3", "4", "5"]);
    assert.deepEqual(await idsOf(table.where("id", "eq", "7")), ["7"]);
    assert.deepEqual(made, []);
    assert.equal((await idsOf(table.where("id", "gt", ""))).length, 10);
    assert.equal(made.length, 10);
  });

  it("checks each row, and freezes it", async () => {
    const of = (...entries: readonly (readonly [string, Row])[]): Table =>
      defineTable({
        name: "t",
        idField: "id",
        list: () => [],
        async *stream() {
          yield* entries;
        },
      });
    const given = { id: "a", tags: ["x"] };
    const { value } = await of(["a", given]).streamValues().getReader().read();
    assert(value !== undefined && value[1] !== given && Object.isFrozen(value[1]));
    await assert.rejects(of(["b", given]).streamValues().getReader().read(), InvalidAnswerError);
    await assert.rejects(of([1 as unknown as string, given]).streamValues().getReader().read(), TypeError);
    await assert.rejects(of(["a", 1 as unknown as Row]).streamValues().getReader().read(), InvalidAnswerError);
  });

  it("fails as the source fails, and refuses what is no function", async () => {
    const failing = defineTable({
      name: "t",
      list: () => [],
      stream: () => {
        throw new Error("no such file");
      },
    });
    await assert.rejects(failing.streamValues().getReader().read(), /no such file/);
    assert.throws(() => defineTable({ name: "t", list: () => [], stream: [] as never }), /stream of the source/);
  });

  it("works behind a Proxy", async () => {
    const table = new Proxy(numbers(2), {});
    assert.equal((await table.streamValues().getReader().read()).value?.[0], "0");
  });
});
