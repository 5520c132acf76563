import { NotFoundError } from "../../table/errors.ts";
import type { TableWrite, WriteResult } from "../../table/many_writes.ts";
import type { Row } from "../../table/row.ts";
import type { CallOptions, TableLike } from "../../table/table_like.ts";
import type { Verb } from "../../table/verbs.ts";
import type { WriteOp } from "../../table/write_op.ts";
import { expect, expectEqual, expectFailure, show } from "./expect.ts";
import {
  BAKERY,
  bakeryRow,
  bakeryWith,
  expectContent,
  expectTable,
  type TableCase,
  tableCase,
  type TableHarness,
} from "./table_harness.ts";

const SCONE: Row = { name: "Scone", price: 1.75, stock: 4, active: true };
const SCONE_ID = "20";

/** Promises of tables that do several writes in one call. */
export const manyCases: readonly TableCase[] = [
  manyCase(
    "does each write as the single verb does, and answers in their order",
    ["insert", "replace", "patch", "delete"],
    async (table, harness) => {
      const results = await writeMany(table, [
        { kind: "insert", id: SCONE_ID, row: SCONE },
        { kind: "replace", id: "3", row: SCONE },
        { kind: "patch", id: "2", partial: { price: 9 } },
        { kind: "delete", id: "13" },
        { kind: "insert", id: "1", row: SCONE },
      ]);
      const patched = { ...bakeryRow("2"), price: 9 };
      const answers = [[SCONE_ID, SCONE], ["3", SCONE], ["2", patched], undefined, ["1", bakeryRow("1")]] as const;
      expectEqual(results.length, answers.length, "the number of results");
      for (const [at, answer] of answers.entries()) {
        const given = answerOf(results[at]);
        if (answer === undefined) expectEqual(given, undefined, `the answer to write ${at}`);
        else expectContent(given as Row, answer[0], answer[1], harness, `the answer to write ${at}`);
      }
      const rows = bakeryWith({ [SCONE_ID]: SCONE, 3: SCONE, 2: patched, 13: undefined });
      await expectTable(table, rows, harness, "the rows");
    },
  ),
  manyCase("gives new rows new ids", ["insertReturnId"], async (table, harness) => {
    const op: WriteOp = { kind: "insertReturnId", row: SCONE };
    const ids = (await writeMany(table, [op, op])).map((result) => String(answerOf(result)));
    expectEqual(new Set(ids).size, 2, "the number of different ids");
    const rows = await table.listValues();
    for (const id of ids) expectContent(rows.get(id), id, SCONE, harness, `the new row ${show(id)}`);
    expectEqual(rows.size, BAKERY.length + 2, "the number of rows");
  }),
  manyCase("does several writes to one row one after the other", ["patch"], async (table, harness) => {
    const prices = [5, 6, 7];
    const ops = prices.map((price): WriteOp => ({ kind: "patch", id: "1", partial: { price } }));
    const results = await writeMany(table, ops);
    for (const [at, price] of prices.entries()) {
      expectContent(answerOf(results[at]) as Row, "1", { ...bakeryRow("1"), price }, harness, `answer ${at}`);
    }
    await expectTable(table, bakeryWith({ 1: { ...bakeryRow("1"), price: 7 } }), harness, "the rows");
  }),
  manyCase("settles a write that is refused by itself, and does the others", ["patch"], async (table, harness) => {
    const results = await writeMany(table, [
      { kind: "patch", id: "1", partial: { price: 5 } },
      { kind: "patch", id: "99", partial: { price: 6 } },
      { kind: "patch", id: "1", partial: [5] as unknown as Row }, // A caller without type checks.
      { kind: "rename", id: "1" } as unknown as WriteOp,
      { kind: "patch", id: "2", partial: { price: 7 } },
    ]);
    const errors = results.map((result) => "error" in result ? result.error : undefined);
    expect(errors[1] instanceof NotFoundError, `expected a NotFoundError, got ${show(errors[1])}`);
    for (const at of [2, 3]) expect(errors[at] instanceof TypeError, `expected a TypeError, got ${show(errors[at])}`);
    expectContent(answerOf(results[4]) as Row, "2", { ...bakeryRow("2"), price: 7 }, harness, "the last answer");
    const rows = bakeryWith({ 1: { ...bakeryRow("1"), price: 5 }, 2: { ...bakeryRow("2"), price: 7 } });
    await expectTable(table, rows, harness, "the rows");
  }),
  manyCase("of a narrowed set does not reach rows outside of it", ["patch", "delete"], async (table, harness) => {
    const narrowed = table.withQuery({ where: [["active", "eq", true]] });
    if (!narrowed.capabilities.writeMany) return;
    const [patched, removed, outside, left] = await writeMany(narrowed, [
      { kind: "patch", id: "1", partial: { price: 5 } },
      { kind: "delete", id: "2" },
      { kind: "patch", id: "3", partial: { price: 5 } },
      { kind: "delete", id: "11" },
    ]);
    for (const result of [patched, removed, left]) answerOf(result);
    expect(outside !== undefined && "error" in outside && outside.error instanceof NotFoundError, "a row outside");
    await expectTable(table, bakeryWith({ 1: { ...bakeryRow("1"), price: 5 }, 2: undefined }), harness, "the rows");
  }),
  manyCase("of no writes answers with nothing", [], async (table, harness) => {
    expectEqual((await writeMany(table, [])).length, 0, "the number of results");
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  manyCase("with an aborted signal rejects with its reason, and writes nothing", ["delete"], async (table, harness) => {
    const signal = AbortSignal.abort(new Error("the writer left"));
    const error = await expectFailure(() => writeMany(table, [{ kind: "delete", id: "1" }], { signal }), "writeMany");
    expect(error === signal.reason, `expected the signal's reason, got ${show(error)}`);
    await expectTable(table, BAKERY, harness, "the rows");
  }),
  manyCase("does a write once that comes again, alone or with others", ["patch", "insertReturnId"], async (table) => {
    if (!table.capabilities.idempotencyKeys) return;
    const inserted: TableWrite = { op: { kind: "insertReturnId", row: SCONE }, idempotencyKey: "inserted" };
    const patched: TableWrite = { op: { kind: "patch", id: "1", partial: { price: 9 } }, idempotencyKey: "patched" };
    const [first] = await table.writeMany?.([inserted, patched]) ?? [];
    await table.patchValue("1", { price: 10 });
    const [second, third] = await table.writeMany?.([inserted, inserted, patched]) ?? [];
    const alone = await table.insertReturnIdValue(SCONE, { idempotencyKey: "inserted" });
    await table.patchValue("1", { price: 9 }, { idempotencyKey: "patched" });
    for (const id of [answerOf(second), answerOf(third), alone]) expectEqual(id, answerOf(first), "the id");
    const rows = await table.listValues();
    expectEqual(rows.size, BAKERY.length + 1, "the number of rows");
    expectEqual(rows.get("1")?.["price"], 10, "the price");
  }),
];

async function writeMany(table: TableLike, ops: readonly WriteOp[], options?: CallOptions): Promise<WriteResult[]> {
  const results = await table.writeMany?.(ops.map((op) => ({ op })), options);
  if (results === undefined) throw new Error("The table has no writeMany, but advertises it");
  return [...results];
}

function answerOf(result: WriteResult | undefined): unknown {
  if (result === undefined || "error" in result) {
    throw new Error(`expected an answer, got ${show(result === undefined ? result : result.error)}`);
  }
  return result.answer;
}

function manyCase(
  name: string,
  needs: readonly Verb[],
  body: (table: TableLike, harness: TableHarness) => Promise<void>,
): TableCase {
  const plain = tableCase(`TableLike.writeMany() ${name}`, needs, body);
  return {
    ...plain,
    skip: (harness) =>
      harness.capabilities.writeMany ? plain.skip?.(harness) : "the table does not do several writes in one call",
  };
}
