import {
  MemTable,
  type Operator,
  OPERATORS,
  type Row,
  sameRow,
  type Table,
  UnsupportedError,
  type Value,
} from "@vantage/live";
import { compare, holds } from "./oracle.ts";
import type { RawTable } from "./raw_table.ts";

/** A note of what differs. */
export type Report = (difference: string) => void;

/** Values that most columns do not hold. */
const FOREIGN: readonly Value[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  2n ** 53n + 1n,
  2n ** 63n,
  -(2n ** 70n),
  NaN,
  Infinity,
  -Infinity,
  "",
  "0",
  "1",
  "a",
  "\u00e9",
  "a\0b",
  "\u{1f950}",
  new Date(0),
  new Date("1997-01-01"),
  new Date("9999-12-31"),
  new Date(NaN),
  new Date(-62_200_000_000_000),
  new Uint8Array(),
  new Uint8Array([97]),
];

/** How much is compared: so many rows one by one, so many values of each column, so many writes of each kind. */
export interface Depth {
  readonly rows: number;
  readonly operands: number;
  /** One in so many of the values that most columns do not hold is asked for. */
  readonly foreignStep: number;
  readonly writes: number;
}

/** Compares what a table answers to every kind of read with what plain SQL shows. Answers with how much was asked. */
export async function compareReads(table: Table, raw: RawTable, depth: Depth, report: Report): Promise<number> {
  const listed = await table.listValues();
  const ids = listed.ids();
  let asked = 1;
  const expected = raw.values.map((values): Row =>
    Object.fromEntries(values.map((value, at) => [raw.columns[at]?.name ?? "", value]))
  );
  const check = (what: string, holds: boolean): void => {
    asked++;
    if (!holds) report(what);
  };
  check(`lists ${ids.length} rows of ${raw.cells.length}`, ids.length === raw.cells.length);
  check(`counts ${await table.getCount()} rows of ${raw.cells.length}`, await table.getCount() === raw.cells.length);
  if (ids.length !== raw.cells.length) return asked;
  for (const [at, [id, row]] of [...listed].entries()) {
    if (at >= depth.rows) break;
    check(`lists row ${id} as ${show(row)}, not as ${show(expected[at])}`, sameRow(row, expected[at] ?? {}));
    const got = await table.getValue(id);
    check(`gets row ${id} as ${show(got)}`, got !== undefined && sameRow(got, row));
  }
  const some = await table.getSomeValue();
  check(`gives ${some?.[0]} as some row`, some === undefined ? ids.length === 0 : ids.includes(some[0]));
  const lastOf7 = Math.max(1, Math.ceil(ids.length / 7));
  for (const [page, size] of [[1, 1], [2, 3], [lastOf7, 7], [1, 50], [ids.length + 2, 50]] as const) {
    const shown = (await table.page(page, size).listValues()).ids();
    check(
      `shows ${shown.join()} on page ${page} of ${size}`,
      same(shown, ids.slice((page - 1) * size, page * size)),
    );
  }
  for (const [at, { name }] of raw.columns.entries()) {
    asked += await compareColumn(table, ids, name, raw.values.map((row) => row[at] ?? null), depth, report);
  }
  asked += await compareSeveral(table, ids, raw, report);
  return asked + await compareSearch(table, expected, ids, report);
}

async function compareColumn(
  table: Table,
  ids: readonly string[],
  column: string,
  values: readonly Value[],
  depth: Depth,
  report: Report,
): Promise<number> {
  const spread = values.filter((_, at) => at % Math.ceil(values.length / depth.operands) === 0);
  const isDocument = /JSON/i.test(table.columns.find(({ name }) => name === column)?.type ?? "");
  const foreign = FOREIGN.filter((_, at) => at % depth.foreignStep === 0);
  let asked = 0;
  for (const operator of OPERATORS) {
    const operands = operator === "in" || operator === "notIn"
      ? [[], spread, foreign, [...spread, ...foreign]]
      : [...spread, ...foreign];
    for (const operand of operands) {
      asked++;
      const wanted = ids.filter((_, at) => holds(values[at] ?? null, normal(operator, operand), operand));
      const what = `where ${JSON.stringify(column)} ${operator} ${show(operand)}`;
      try {
        const set = table.where(column, operator, operand);
        const count = await set.getCount();
        if (count !== wanted.length) report(`${what}: counts ${count}, not ${wanted.length}`);
        if (count > depth.rows) continue;
        const found = (await set.listValues()).ids();
        if (!same(found, wanted)) report(`${what}: finds ${found.slice(0, 5)}, not ${wanted.slice(0, 5)}`);
      } catch (error) {
        if (!(isDocument && error instanceof UnsupportedError)) report(`${what}: ${error}`);
      }
    }
  }
  for (const direction of ["asc", "desc"] as const) {
    asked++;
    const sign = direction === "asc" ? 1 : -1;
    const wanted = ids.map((_, at) => at).sort((a, b) => sign * compare(values[a] ?? null, values[b] ?? null) || a - b);
    try {
      const found = (await table.orderBy(column, direction).listValues()).ids();
      const at = found.findIndex((id, place) => id !== ids[wanted[place] ?? -1]);
      if (at >= 0) report(`order by ${column} ${direction}: row ${found[at]} at ${at}, not ${ids[wanted[at] ?? -1]}`);
    } catch (error) {
      if (!(isDocument && error instanceof UnsupportedError)) report(`order by ${column}: ${error}`);
    }
  }
  return asked;
}

async function compareSeveral(
  table: Table,
  ids: readonly string[],
  raw: RawTable,
  report: Report,
): Promise<number> {
  const names = raw.columns.filter(({ type }) => !/JSON/i.test(type)).map(({ name }) => name);
  const place = (name: string): number => raw.columns.findIndex((column) => column.name === name);
  const pairs = names.slice(0, -1).map((name, at) => [name, names[at + 1] ?? name] as const);
  for (const [first, second] of pairs) {
    const [one, other] = [place(first), place(second)];
    const value = (at: number, column: number): Value => raw.values[at]?.[column] ?? null;
    const wanted = ids.map((_, at) => at).sort((a, b) =>
      compare(value(b, one), value(a, one)) || compare(value(a, other), value(b, other)) || a - b
    );
    const found = (await table.orderBy(first, "desc").orderBy(second).page(1, 500).listValues()).ids();
    if (!same(found, wanted.slice(0, 500).map((at) => ids[at] ?? ""))) {
      report(`order by ${first} desc, ${second}: differs`);
    }
    const [a, b] = [value(0, one), value(ids.length - 1, other)];
    const both = ids.filter((_, at) => holds(value(at, one), "lte", a) && holds(value(at, other), "ne", b));
    const count = await table.where(first, "lte", a).where(second, "ne", b).getCount();
    if (count !== both.length) {
      report(`where ${first} lte ${show(a)}, ${second} ne ${show(b)}: ${count}, not ${both.length}`);
    }
  }
  return 2 * pairs.length;
}

/** What a search finds is what it finds in memory, where only letters of ASCII differ in case. */
async function compareSearch(
  table: Table,
  rows: readonly Row[],
  ids: readonly string[],
  report: Report,
): Promise<number> {
  const texts = rows.flatMap((row) => Object.values(row)).filter((value) => typeof value === "string").slice(0, 40);
  const words = [
    ...new Set([
      "a",
      "%",
      "_",
      "'",
      "zz",
      "19",
      ...texts.map((text) => text.slice(0, 4)),
      ...texts.map((text) => text.slice(-3)),
    ]),
  ]
    // deno-lint-ignore no-control-regex -- letters beyond ASCII are searched as they are, which memory does otherwise
    .filter((word) => word !== "" && /^[\x00-\x7f]*$/.test(word)).slice(0, 20);
  const memory = new MemTable("m", {
    rows: ids.map((id, at) => [id, rows[at] ?? {}] as const),
    columns: table.columns,
  });
  const searches = table.columns.some(({ flags }) => flags?.includes("searchable"));
  for (const word of words) {
    const [found, wanted] = [
      (await table.search(word).listValues()).ids(),
      searches ? (await memory.search(word).listValues()).ids() : [],
    ];
    if (!same(found, wanted)) report(`search for ${show(word)}: finds ${found.length} rows, not ${wanted.length}`);
  }
  return words.length;
}

function normal(operator: Operator, operand: Value): Operator {
  if (operand !== null) return operator;
  return operator === "eq" ? "isNull" : operator === "ne" ? "notNull" : operator;
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}

/** A value, short enough for a line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) => typeof inner === "bigint" ? `${inner}n` : inner) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
