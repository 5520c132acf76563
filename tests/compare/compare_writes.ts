import { type Row, sameRow, type Table, TableError, type Value } from "@vantage/live";
import type { DatabaseSync } from "node:sqlite";
import { type Depth, type Report, show } from "./compare_reads.ts";
import { printed, type RawTable, readRaw } from "./raw_table.ts";

/**
 * Compares what a table does to its rows with what plain SQL shows of them afterwards. A refusal by a typed error is right,
 * as long as it leaves everything as it was. Answers with how much was written.
 */
export async function compareWrites(
  table: Table,
  db: DatabaseSync,
  raw: RawTable,
  depth: Depth,
  report: Report,
): Promise<number> {
  const { name } = raw;
  const now = (): string[] => readRaw(db, name).cells.map(printed);
  const before = raw.cells.map(printed);
  const rows = [...await table.listValues()];
  const spread = rows.filter((_, at) => at % Math.ceil(rows.length / depth.writes) === 0);
  const can = table.capabilities;
  let written = 0;

  /** Runs a write within a transaction that is undone, and looks at what it has done. */
  const attempt = async (what: string, write: () => Promise<void>): Promise<void> => {
    written++;
    db.exec("BEGIN");
    try {
      await write();
    } catch (error) {
      // What a column of JSON holds beside documents can be read, and not written.
      const isNoDocument = error instanceof TypeError && /is JSON, which cannot hold/.test(error.message);
      if (!(error instanceof TableError || isNoDocument)) report(`${what}: ${error}`);
      else if (!sameLists(now(), before)) report(`${what}: refused (${error.message}), but not undone`);
    }
    try {
      db.exec("ROLLBACK");
    } catch {
      // A trigger has done so.
    }
  };

  for (const [id, row] of spread) {
    if (can.replace) {
      await attempt(`replace of ${id} by itself`, async () => {
        const answer = await table.replaceValue(id, row);
        if (!sameRow(answer, row)) report(`replace of ${id} by itself: answers ${show(answer)}`);
        if (!sameLists(now(), before)) report(`replace of ${id} by itself: changes what is stored`);
      });
    }
    if (can.patch) {
      await attempt(`patch of ${id} by itself`, async () => {
        await table.patchValue(id, row);
        if (!sameLists(now(), before)) report(`patch of ${id} by itself: changes what is stored`);
      });
      for (const [column, value] of Object.entries(valuesOfAnother(row, rows))) {
        await attempt(`patch of ${column} in ${id} by ${show(value)}`, async () => {
          try {
            const answer = await table.patchValue(id, { [column]: value });
            if (!sameRow(answer, await table.getValue(id) ?? {})) {
              report(`patch of ${column} in ${id}: answers ${show(answer)}`);
            }
          } catch (error) {
            const own = raw.columns.find((one) => one.name === column)?.generated === true ||
              table.columns.some((one) => one.name === column && one.flags?.includes("id"));
            if (!(own && error instanceof TypeError)) throw error;
          }
          const after = now();
          const changed = after.filter((row, at) => row !== before[at]).length;
          if (after.length !== before.length || (changed > 1 && !hasTriggers(db, name))) {
            report(`patch of ${column} in ${id}: changes ${changed} rows`);
          }
        });
      }
    }
    if (can.delete) {
      await attempt(`delete of ${id}`, async () => {
        await table.delete(id);
        if (await table.getValue(id) !== undefined) report(`delete of ${id}: it is still there`);
        if (now().length !== before.length - 1) {
          report(`delete of ${id}: leaves ${now().length} of ${before.length} rows`);
        }
        if (!can.insert) return;
        await accepted(async () => await restore(table, id, row, report));
      });
    }
    if (can.insertReturnId) {
      await attempt(`insert of a copy of ${id}`, async () => {
        const fresh = await table.insertReturnIdValue(withoutKey(row, table, raw));
        const stored = await table.getValue(fresh);
        if (stored === undefined || (await table.listValues()).get(fresh) === undefined) {
          report(`insert: ${fresh} is not found`);
        }
        if (now().length !== before.length + 1) report(`insert: ${now().length} rows after ${before.length}`);
        if (!await accepted(async () => await table.delete(fresh))) return;
        if (!sameLists(now(), before) && !hasTriggers(db, name)) {
          report(`insert and delete of ${fresh} leave something behind`);
        }
      });
    }
  }
  for (const id of can.insert ? ["~n", "~'a", "007", "1e3", "", "a,b", "~~,", " 1", "x~"] : []) {
    await attempt(`insert of ${JSON.stringify(id)}`, async () => {
      const known = await table.getValue(id);
      const stored = await table.insertValue(id, {});
      if (known !== undefined) return;
      if (!sameRow(await table.getValue(id) ?? {}, stored)) {
        report(`insert of ${JSON.stringify(id)}: not found under it`);
      }
      if ((await table.listValues()).get(id) === undefined) {
        report(`insert of ${JSON.stringify(id)}: not listed under it`);
      }
    });
  }
  const [first] = spread;
  for (const [column, value] of Object.entries(can.deleteAll ? first?.[1] ?? {} : {})) {
    if (value !== null && typeof value === "object" && !(value instanceof Date) && !(value instanceof Uint8Array)) {
      continue;
    }
    await attempt(`deleteAll where ${column} is ${show(value)}`, async () => {
      const set = table.where(column, "eq", value);
      const count = await set.getCount();
      await set.deleteAll();
      if (await set.getCount() !== 0) report(`deleteAll where ${column} is ${show(value)}: leaves some`);
      if (now().length !== before.length - count) {
        report(`deleteAll where ${column} is ${show(value)}: not ${count} rows`);
      }
    });
  }
  return written;
}

/** Whether a write that follows another was not refused. */
async function accepted(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    // Bytes in a column of JSON can be read there, and not written; a date that is written in another way computes another.
    if (error instanceof TableError || (error instanceof TypeError && /JSON|can be written/.test(error.message))) {
      return false;
    }
    throw error;
  }
}

/** A row that was deleted comes back under its id, and holds the same. */
async function restore(table: Table, id: string, row: Row, report: Report): Promise<void> {
  const stored = await table.insertValue(id, row);
  if (!sameRow(stored, await table.getValue(id) ?? {})) {
    report(`insert of ${id} after its delete: answers ${show(stored)}`);
  }
}

function valuesOfAnother(row: Row, rows: readonly (readonly [id: string, row: Row])[]): Record<string, Value> {
  const other = rows[Math.floor(rows.length / 2)]?.[1] ?? {};
  return Object.fromEntries(Object.entries(other).filter(([column, value]) => show(row[column]) !== show(value)));
}

function withoutKey(row: Row, table: Table, raw: RawTable): Row {
  const key = table.columns.filter(({ flags }) => flags?.includes("id")).map(({ name }) => name);
  const generated = raw.columns.filter((column) => column.generated).map(({ name }) => name);
  return Object.fromEntries(Object.entries(row).filter(([name]) => ![...key, ...generated].includes(name)));
}

function hasTriggers(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE").get(name) !==
    undefined;
}

function sameLists(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}
