import { ConflictError } from "../../table/errors.ts";
import type { Row } from "../../table/row.ts";
import type { TableLike } from "../../table/table_like.ts";
import type { Verb } from "../../table/verbs.ts";
import { expectEqual, expectError } from "./expect.ts";
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
const KEY = { idempotencyKey: "the same each time" };

/** Promises of tables that honour idempotency keys. */
export const keyCases: readonly TableCase[] = [
  keyCase("insertValue() twice with one key inserts once, and is answered alike", ["insert", "delete"], {
    write: (table) => table.insertValue(SCONE_ID, SCONE, KEY),
    meanwhile: (table) => table.delete(SCONE_ID),
    answer: (row, harness) => expectContent(row, SCONE_ID, SCONE, harness, "the answer"),
    left: {},
  }),
  keyCase("replaceValue() twice with one key replaces once, and is answered alike", ["replace", "patch"], {
    write: (table) => table.replaceValue("1", SCONE, KEY),
    meanwhile: (table) => table.patchValue("1", { price: 9 }),
    answer: (row, harness) => expectContent(row, "1", SCONE, harness, "the answer"),
    left: { 1: { ...SCONE, price: 9 } },
  }),
  keyCase("patchValue() twice with one key patches once, and is answered alike", ["patch"], {
    write: (table) => table.patchValue("1", { price: 9 }, KEY),
    meanwhile: (table) => table.patchValue("1", { price: 10 }),
    answer: (row, harness) => expectContent(row, "1", { ...bakeryRow("1"), price: 9 }, harness, "the answer"),
    left: { 1: { ...bakeryRow("1"), price: 10 } },
  }),
  keyCase("delete() twice with one key deletes once", ["delete", "insert"], {
    write: (table) => table.delete("13", KEY),
    meanwhile: (table) => table.insertValue("13", SCONE),
    answer: (nothing) => expectEqual(nothing, undefined, "the answer"),
    left: { 13: SCONE },
  }),
  tableWithKeys(
    "deleteAll() twice with one key deletes once",
    ["deleteAll", "insert"],
    async (table, harness) => {
      await table.deleteAll(KEY);
      await table.insertValue("1", SCONE);
      await table.deleteAll(KEY);
      await expectTable(table, [["1", SCONE]], harness, "the rows");
    },
  ),
  tableWithKeys(
    "insertReturnIdValue() twice with one key inserts once, and is answered alike, also at once",
    ["insertReturnId"],
    async (table) => {
      const insert = (): Promise<string> => table.insertReturnIdValue(SCONE, KEY);
      const [id] = await Promise.all([insert(), insert()]);
      expectEqual(await insert(), id, "the id");
      expectEqual((await table.listValues()).size, BAKERY.length + 1, "the number of rows");
    },
  ),
  tableWithKeys(
    "another write under a used key rejects with ConflictError, and changes nothing",
    ["patch", "delete"],
    async (table, harness) => {
      await table.patchValue("1", { price: 9 }, KEY);
      await expectError(() => table.patchValue("1", { price: 8 }, KEY), ConflictError, "other columns");
      await expectError(() => table.patchValue("2", { price: 9 }, KEY), ConflictError, "another row");
      await expectError(() => table.delete("1", KEY), ConflictError, "another verb");
      await expectTable(table, bakeryWith({ 1: { ...bakeryRow("1"), price: 9 } }), harness, "the rows");
    },
  ),
];

interface Repeated<A> {
  readonly write: (table: TableLike) => Promise<A>;
  /** What happens between the write and its repetition. */
  readonly meanwhile: (table: TableLike) => Promise<unknown>;
  readonly answer: (answer: A, harness: TableHarness) => void;
  /** The rows that differ from those of before. */
  readonly left: { readonly [id: string]: Row | undefined };
}

function keyCase<A>(name: string, needs: readonly Verb[], repeated: Repeated<A>): TableCase {
  const { write, meanwhile, answer, left } = repeated;
  return tableWithKeys(name, needs, async (table, harness) => {
    answer(await write(table), harness);
    await meanwhile(table);
    answer(await write(table), harness);
    // A row that was deleted and inserted again may be elsewhere.
    await expectTable(table, bakeryWith(left), { ...harness, keepsOrder: false }, "the rows");
  });
}

function tableWithKeys(
  name: string,
  needs: readonly Verb[],
  body: (table: TableLike, harness: TableHarness) => Promise<void>,
): TableCase {
  const plain = tableCase(`TableLike.${name}`, needs, body);
  return {
    ...plain,
    skip: (harness) =>
      harness.capabilities.idempotencyKeys ? plain.skip?.(harness) : "the table does not honour idempotency keys",
  };
}
