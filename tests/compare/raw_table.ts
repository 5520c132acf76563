import type { Value } from "@vantage/live";
import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import { type Cell, meaning } from "./oracle.ts";

/** A table as plain SQL shows it, in its natural order. */
export interface RawTable {
  readonly name: string;
  readonly type: "table" | "view" | "virtual" | "shadow";
  readonly columns: readonly { readonly name: string; readonly type: string; readonly generated: boolean }[];
  /** The key's columns, in the order of the key. */
  readonly key: readonly string[];
  readonly cells: readonly (readonly Cell[])[];
  readonly values: readonly (readonly Value[])[];
}

type SqlRow = Readonly<Record<string, unknown>>;

/** Quotes a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Runs a query with exact integers. */
export function ask(db: DatabaseSync, sql: string, ...params: string[]): SqlRow[] {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement.all(...params);
}

/** The tables and views of the main database. */
export function tableNames(db: DatabaseSync): string[] {
  return ask(db, "SELECT name FROM pragma_table_list WHERE schema = 'main' ORDER BY name").map(({ name }) =>
    String(name)
  );
}

/** Reads a table, a view in the order of the columns that are its id. */
export function readRaw(db: DatabaseSync, name: string, idField: readonly string[] = []): RawTable {
  const [kind] = ask(db, "SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", name);
  const described = ask(db, "SELECT * FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1", name);
  const columns = described.map((column) => ({
    name: String(column.name),
    type: String(column.type),
    generated: Number(column.hidden) > 0,
  }));
  const key = described.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
  const taken = columns.map((column) => column.name.toLowerCase());
  const number = ["rowid", "_rowid_", "oid"].find((alias) => !taken.includes(alias));
  const ordering = idField.length > 0 ? idField : key.map((column) => String(column.name));
  const keyOrder = ordering.map((column) => `r.${quoted(column)} COLLATE BINARY`).join(", ");
  const order = kind?.type !== "view" && Number(kind?.wr) === 0 && number !== undefined ? number : keyOrder;
  const cells = columns.flatMap(({ name }, at) => [
    `typeof(${quoted(name)}) AS t${at}`,
    `CASE WHEN typeof(${quoted(name)}) IN ('text', 'blob') THEN CAST(${quoted(name)} AS BLOB) ELSE ${
      quoted(name)
    } END AS v${at}`,
  ]);
  const found = ask(
    db,
    `SELECT ${cells.join(", ")} FROM main.${quoted(name)} AS r${order === "" ? "" : ` ORDER BY ${order}`}`,
  );
  const encoding = String(ask(db, "PRAGMA encoding")[0]?.encoding);
  const rows = found.map((row) => columns.map((_, at) => cellOf(String(row[`t${at}`]), row[`v${at}`])));
  return {
    name,
    type: kind?.type as RawTable["type"], // what SQLite says
    columns,
    key: key.map((column) => String(column.name)),
    cells: rows,
    values: rows.map((row) => row.map((cell, at) => meaning(cell, columns[at]?.type ?? "", encoding))),
  };
}

function cellOf(type: string, value: unknown): Cell {
  switch (type) {
    case "integer":
      return { type, value: value as bigint };
    case "real":
      return { type, value: Number(value) };
    case "text":
    case "blob":
      return { type, bytes: value as Uint8Array };
    default:
      return { type: "null" };
  }
}

/** A text that is the same for two rows exactly if they hold the same, byte for byte. */
export function printed(row: readonly Cell[]): string {
  return row.map((cell) => {
    if (cell.type === "null") return "null";
    if (!("bytes" in cell)) return `${cell.type} ${cell.value}`;
    // Each byte is one character, and the length tells where they end.
    return `${cell.type} ${cell.bytes.length} ${
      Buffer.from(cell.bytes.buffer, cell.bytes.byteOffset, cell.bytes.length).toString("latin1")
    }`;
  }).join("|");
}

/** The first columns that no two rows have in common, and in which no row has `NULL`: an id for a view. */
export function uniqueColumns({ columns, cells }: RawTable): readonly string[] | undefined {
  const texts = cells.map((row) => row.map((cell) => printed([cell])));
  const isUnique = (places: readonly number[]): boolean => {
    const seen = new Set<string>();
    return texts.every((row) => {
      if (places.some((at) => row[at] === "null")) return false;
      const text = places.map((at) => row[at]).join("|");
      return !seen.has(text) && seen.add(text);
    });
  };
  const places = columns.map((_, at) => at);
  const sets = [
    ...places.map((at) => [at]),
    ...places.flatMap((at) => places.filter((other) => other > at).map((other) => [at, other])),
    places,
  ];
  return sets.find(isUnique)?.map((at) => columns[at]?.name ?? "");
}
