import { NotFoundError } from "../../table/errors.ts";
import { RecordConflictError } from "../../table/record_conflict.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import type { ActiveRecord } from "../../table/active_record.ts";
import type { TableLike } from "../../table/table_like.ts";
import { expect, expectEqual, expectError, expectFailure, show } from "./expect.ts";
import {
  BAKERY,
  bakeryRow,
  bakeryWith,
  expectContent,
  expectTable,
  type TableCase,
  tableCase,
} from "./table_harness.ts";

/** Promises for rows that are edited as objects. */
export const recordCases: readonly TableCase[] = [
  tableCase("TableLike.getValueRecord() answers undefined if no row has the id", ["get"], async (table) => {
    expectEqual(await table.getValueRecord("99"), undefined, "the record");
    const active = table.withQuery({ where: [["active", "eq", true]] });
    expectEqual(await active.getValueRecord("3"), undefined, "the record outside the set");
  }),
  tableCase("TableLike.listValueRecords() answers with a record of each row", [], async (table, harness) => {
    const records = await table.listValueRecords();
    expectEqual(records.map(({ id }) => id), (await table.listValues()).ids(), "the ids");
    for (const { id, data } of records) expectContent(data, id, bakeryRow(id), harness, `record ${show(id)}`);
  }),

  tableCase(
    "ActiveRecord.save() sends what was changed, and nothing else",
    ["get", "patch"],
    async (table, harness) => {
      const record = await recordOf(table, "1");
      record.data["price"] = 3;
      expectEqual(record.changed(), { price: { base: 2.5, mine: 3 } }, "what is to be saved");
      await table.patchValue("1", { name: "Sweet bun" });
      await record.save();
      const saved = { ...bakeryRow("1"), price: 3, name: "Sweet bun" };
      expectContent(record.data, "1", saved, harness, "the record, with the table's answer");
      await expectTable(table, bakeryWith({ 1: saved }), harness, "the rows");
      expectEqual(record.isDirty, false, "whether something is left to be saved");
    },
  ),
  tableCase(
    "ActiveRecord.save() finds the row as it was read, whatever its columns hold",
    ["get", "patch"],
    async (table, harness) => {
      for (const [index, [id, row]] of BAKERY.entries()) {
        const [, other = row] = BAKERY[index + 1] ?? [];
        const record = await recordOf(table, id);
        for (const wanted of [other, row]) {
          assign(record, wanted);
          await record.save();
          expectContent(await table.getValue(id), id, wanted, harness, `row ${show(id)}`);
        }
      }
    },
  ),
  tableCase("ActiveRecord.save() without changes sends nothing", ["get", "delete"], async (table, harness) => {
    const record = await recordOf(table, "1");
    record.data["price"] = 9;
    record.data["price"] = 2.5;
    await table.delete("1");
    await record.save();
    await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
  }),
  tableCase(
    "ActiveRecord.save() rejects with RecordConflictError if somebody else changed the column, and writes nothing",
    ["get", "patch"],
    async (table, harness) => {
      const record = await recordOf(table, "1");
      assign(record, { price: 3, stock: 11 });
      await table.patchValue("1", { price: 4, name: "Sweet bun" });
      const error = await expectFailure(() => record.save(), "save");
      if (!(error instanceof RecordConflictError)) throw new Error(`expected a conflict, got ${show(error)}`);
      const { columns, base, mine, theirs } = error;
      expectEqual(
        [columns, base, mine, theirs],
        [["price"], { price: 2.5 }, { price: 3 }, { price: 4 }],
        "the conflict",
      );
      const stored = { ...bakeryRow("1"), price: 4, name: "Sweet bun" };
      await expectTable(table, bakeryWith({ 1: stored }), harness, "the rows");
      record.resolve("mine");
      await record.save();
      await expectTable(table, bakeryWith({ 1: { ...stored, price: 3, stock: 11 } }), harness, "the rows");
    },
  ),
  tableCase(
    "ActiveRecord.save() removes a column that was removed",
    ["get", "patch", "replace"],
    async (table, harness) => {
      const record = await recordOf(table, "2");
      delete record.data["note"];
      await table.patchValue("2", { price: 5 });
      await record.save();
      const { note: _, ...others } = bakeryRow("2");
      const saved = { ...others, price: 5 };
      await expectTable(table, bakeryWith({ 2: saved }), harness, "the rows");
      expectContent(record.data, "2", saved, harness, "the record");
    },
  ),
  tableCase(
    "ActiveRecord.save() of a row that is gone rejects with NotFoundError, and keeps the edits",
    ["get", "patch", "delete"],
    async (table, harness) => {
      const record = await recordOf(table, "1");
      record.data["price"] = 9;
      await table.delete("1");
      await expectError(() => record.save(), NotFoundError, "save");
      expectEqual(record.changed(), { price: { base: 2.5, mine: 9 } }, "what is left to be saved");
      await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
    },
  ),
  tableCase(
    "ActiveRecord.refresh() takes the table's values, and keeps the edits",
    ["get", "patch"],
    async (table) => {
      const record = await recordOf(table, "1");
      record.data["name"] = "unsaved";
      await table.patchValue("1", { price: 3 });
      expectEqual(await record.refresh(), true, "whether the row exists");
      expectEqual([record.data["name"], record.data["price"]], ["unsaved", 3], "the record");
      record.revert();
      expectEqual([record.data["name"], record.data["price"]], ["Bun", 3], "the record without edits");
    },
  ),
  tableCase("ActiveRecord.delete() removes the row", ["get", "delete"], async (table, harness) => {
    const record = await recordOf(table, "1");
    await record.delete();
    expectEqual(await record.refresh(), false, "whether the row exists");
    await expectTable(table, bakeryWith({ 1: undefined }), harness, "the rows");
  }),
];

async function recordOf(table: TableLike, id: string): Promise<ActiveRecord> {
  const record = await table.getValueRecord(id);
  expect(record !== undefined, `expected a record of row ${show(id)}`);
  expectEqual(field(record.data, "name"), field(bakeryRow(id), "name"), "the name in the record");
  return record;
}

function assign({ data }: ActiveRecord, row: Row): void {
  const draft: Record<string, Value> = data;
  for (const [column, value] of Object.entries(row)) draft[column] = value;
}
