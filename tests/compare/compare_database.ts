import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteTable } from "@vantage/live/sqlite";
import { compareReads, type Depth } from "./compare_reads.ts";
import { compareWrites } from "./compare_writes.ts";
import { type RawTable, readRaw, tableNames, uniqueColumns } from "./raw_table.ts";

/** What came of the comparison of one table. */
export interface Comparison {
  readonly table: string;
  readonly type: string;
  /** Why it does not open, if it does not. */
  readonly closed: string | undefined;
  readonly rows: number;
  readonly asked: number;
  readonly differences: readonly string[];
}

/** As deep as is worth waiting for. */
export const THOROUGH: Depth = { rows: 400, operands: 8, foreignStep: 1, writes: 20 };

/** As deep as a suite can go. */
export const QUICK: Depth = { rows: 5, operands: 1, foreignStep: 9, writes: 1 };

/** Tables and views of more rows are only listed in a suite. */
const QUICK_ROWS = 60;

/** Compares every table and view of a database file with plain SQL. The file itself is left alone: a copy is written. */
export async function compareFile(
  path: string,
  depth: Depth,
  print: (line: string) => void = () => {},
): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), "compare-"));
  const copy = join(folder, "copy.sqlite");
  copyFileSync(path, copy);
  const db = new DatabaseSync(copy);
  try {
    const results: Comparison[] = [];
    for (const name of tableNames(db)) {
      const result = await compareTable(db, name, depth);
      results.push(result);
      print(lineOf(result));
      for (const difference of result.differences.slice(0, 5)) print(`    ${difference}`);
    }
    if (!readFileSync(path).equals(readFileSync(copy))) {
      const differences = ["the copy is not byte for byte what it was, though every change was undone"];
      results.push({ table: "", type: "file", closed: undefined, rows: 0, asked: 1, differences });
      print(`no ${differences}`);
    }
    return results;
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

/** Compares one table of an open database with plain SQL. What is written is undone. */
export async function compareTable(db: DatabaseSync, name: string, depth: Depth): Promise<Comparison> {
  const differences: string[] = [];
  const report = (difference: string): void => {
    differences.push(difference);
  };
  let raw: RawTable;
  try {
    raw = readRaw(db, name);
  } catch (error) {
    return { table: name, type: "?", closed: `SQLite itself: ${error}`, rows: 0, asked: 0, differences };
  }
  const idField = raw.type === "view" ? uniqueColumns(raw) : undefined;
  if (idField !== undefined) raw = readRaw(db, name, idField);
  const result = { table: name, type: raw.type, rows: raw.cells.length, differences };
  try {
    const table = await SqliteTable.open(db, name, { idField });
    if (depth === QUICK && raw.cells.length > QUICK_ROWS) {
      const { size } = await table.listValues();
      if (size !== raw.cells.length) report(`lists ${size} rows of ${raw.cells.length}`);
      return { ...result, asked: 1, closed: undefined };
    }
    const reads = await compareReads(table, raw, depth, report);
    const writes = await compareWrites(table, db, raw, depth, report);
    return { ...result, asked: reads + writes, closed: undefined };
  } catch (error) {
    const opened = await SqliteTable.open(db, name, { idField }).then(() => true, () => false);
    if (opened) report(`${error instanceof Error ? error.stack : error}`);
    return { ...result, asked: 0, closed: opened ? undefined : String(error) };
  }
}

function lineOf({ table, type, closed, rows, asked, differences }: Comparison): string {
  if (closed !== undefined) return `-  ${table} (${type}) does not open: ${closed}`;
  const found = differences.length === 0 ? "" : `, ${differences.length} DIFFERENCES`;
  return `${differences.length === 0 ? "ok" : "no"} ${table} (${type}): ${rows} rows, ${asked} comparisons${found}`;
}
