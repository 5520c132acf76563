import {
  type Condition,
  type LiveHandle,
  type Order,
  Pagination,
  type Query,
  type Rows,
  type TableLike,
} from "@vantage/live";
import type { Arguments, Flag } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { findColumn, parseAssignment } from "./column_value.ts";
import { rowToJson } from "./json_form.ts";
import type { Output } from "./output.ts";
import { pendingIds, printRows, printWaiting } from "./row_view.ts";
import { printReading, type Reading, readingToJson } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

/** The default size of a page. */
export const DEFAULT_LIMIT = 50;
const MAX_PAGE = 1_000_000_000;
const MAX_LIMIT = 1_000_000;

export const listVerb: Verb = {
  name: "list",
  words: ["[column=value ...]"],
  most: 0,
  summary: "list one page of rows",
  details: [
    "column=value is short for --where, and page=, limit=, order= and search= for the flags of these names.",
    "Values are parsed by the column's declared type: numbers, true or false, or else text.",
    "Writes that wait in the outbox are shown, and marked as pending.",
    "Run it twice: the first is a miss, the second, in a new process, a hit.",
  ],
  flags: [
    ...selectingFlags(DEFAULT_LIMIT),
    ...TABLE_FLAGS,
    ...COMMON_FLAGS,
  ],
  run(args: Arguments, context: Context): Promise<Answer> {
    const pagination = pageOf(args, DEFAULT_LIMIT);
    return onTable(args, context, {
      outbox: "show",
      check: (table) => queryOf(args, table, pagination),
      run: (wiring, query) => list(wiring, query, context.out),
    });
  },
};

/** Lists a page of the table of a wiring. */
export async function list({ live, reads, places, stored }: Wiring, query: Query, out: Output): Promise<Answer> {
  const handle = live.withQuery(query);
  const waiting = await stored?.shown() ?? [];
  const reading = await reads.list(handle);
  const pending = pendingIds(waiting).filter((id) => reading.answer.has(id));
  printRows(out, handle, reading.answer, pending);
  printReading(out, describePage(handle, reading), reading);
  printWaiting(out, waiting);
  return {
    document: {
      verb: "list",
      entity: places.entity,
      ...readingToJson(reading),
      page: query.pagination?.page,
      limit: query.pagination?.limit,
      rows: Array.from(reading.answer.values(), rowToJson),
      ...(stored !== undefined && { pending }),
    },
  };
}

/** Describes a page: how many rows, and its number. */
export function describePage({ tableName, query: { pagination } }: LiveHandle, { answer }: Reading<Rows>): string {
  const { page, limit } = pagination ?? new Pagination(1, DEFAULT_LIMIT);
  const more = answer.size === limit ? `; perhaps more with --page ${page + 1}` : "";
  return `${answer.size} of ${tableName} on page ${page}${more}`;
}

/** The flags that select one page of matching rows. */
export function selectingFlags(defaultLimit: number): readonly Flag[] {
  return [
    { name: "page", value: "<n>", help: "which page; default 1" },
    { name: "limit", value: "<n>", help: `how many rows a page has; default ${defaultLimit}` },
    { name: "where", value: "<column=value>", repeatable: true, help: "only rows that have this value; all must hold" },
    { name: "order", value: "<column>", repeatable: true, help: "order by a column; <column>:desc for the other way" },
    { name: "search", value: "<text>", help: "only rows with this text in a column of text" },
  ];
}

/** The page given by the flags. */
export function pageOf(args: Arguments, defaultLimit: number): Pagination {
  const page = args.whole("page", { max: MAX_PAGE }) ?? 1;
  return new Pagination(page, args.whole("limit", { max: MAX_LIMIT }) ?? defaultLimit);
}

/**
 * The query given by the flags.
 *
 * @throws {BadInput} if the table has no such column, or its type does not accept the value.
 */
export function queryOf(args: Arguments, { columns }: TableLike, pagination: Pagination): Query {
  const where = args.all("where").map((text): Condition => {
    const { column, value } = parseAssignment(text, columns);
    if (typeof value === "object") throw new BadInput(`--where cannot compare ${column} with a document`);
    return [column, "eq", value];
  });
  const orderBy = args.all("order").map((text): Order => {
    if (columns.some(({ name }) => name === text)) return [text, "asc"];
    const [, name = text, direction = "asc"] = /^(.*):([^:]*)$/s.exec(text) ?? [];
    const column = findColumn(name, columns).name;
    if (direction === "asc" || direction === "desc") return [column, direction];
    throw new BadInput(`--order takes ${column}:asc or ${column}:desc, not ${JSON.stringify(text)}`);
  });
  return { where, orderBy, search: args.text("search"), pagination };
}
