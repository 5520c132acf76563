import { isNarrowed } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import type { TableLike } from "../table/table_like.ts";

/** One table, or several by the names under which they are served. */
export type Tables = TableLike | { readonly [name: string]: TableLike };

/** The events of one table, or of several by their names. */
export type TableEvents = LiveStream | { readonly [name: string]: LiveStream };

/** A table and its name, which is `undefined` for a single table at the base path. */
export interface NamedTable {
  readonly name: string | undefined;
  readonly table: TableLike;
  readonly events: LiveStream | undefined;
}

/** The events of one of the tables that share a stream. */
export interface NamedStream {
  /** The name in its events; `undefined` if it does not share the stream. */
  readonly name: string | undefined;
  readonly stream: LiveStream;
  /** Whether to hide ids, since they may belong to rows that are not served. */
  readonly changesOnly: boolean;
}

/**
 * The tables to serve, each with its events: the given ones, or else those of the table itself.
 *
 * @throws {TypeError} if there are none, a value is not a table or not a stream, or a name cannot be part of a path.
 */
export function toNamedTables(tables: Tables, events: TableEvents | undefined): readonly NamedTable[] {
  if (isTable(tables)) {
    if (events !== undefined && !isStream(events)) throw notStream("events", events);
    return [{ name: undefined, table: tables, events: events ?? eventsOf(tables) }];
  }
  const given = events ?? {};
  if (isStream(given)) {
    throw new TypeError("events of several tables must be given by their names, as { products: stream }");
  }
  const named = entriesOf("table", tables).map(([name, table]) => {
    if (!isTable(table)) throw new TypeError(`${describe(name)} is not a table: ${describe(table)}`);
    return { name, table, events: given[name] ?? eventsOf(table) };
  });
  for (const [name, stream] of Object.entries(given)) {
    if (!isStream(stream)) throw notStream(`events of ${describe(name)}`, stream);
    if (!Object.hasOwn(tables, name)) throw new TypeError(`events has the name ${describe(name)}, which no table has`);
  }
  return named;
}

/** The events of the tables that have any. */
export function streamsOf(tables: readonly NamedTable[]): readonly NamedStream[] {
  return tables.flatMap(({ name, table, events }) =>
    events === undefined ? [] : [{ name, stream: events, changesOnly: isNarrowed(table.query) }]
  );
}

/**
 * The events of tables or streams that share one stream.
 *
 * @throws {TypeError} if there are none, one of them has no events, or a name cannot be part of a path.
 */
export function toNamedStreams(sources: { readonly [name: string]: TableLike | LiveStream }): readonly NamedStream[] {
  return entriesOf("table or stream", sources).map(([name, source]) => {
    const stream = isTable(source) ? eventsOf(source) : source;
    if (!isStream(stream)) throw notStream(describe(name), source);
    return { name, stream, changesOnly: isTable(source) && isNarrowed(source.query) };
  });
}

function entriesOf<T>(thing: string, named: { readonly [name: string]: T }): readonly (readonly [string, T])[] {
  if (typeof named !== "object" || named === null || Array.isArray(named)) {
    throw new TypeError(`Not a ${thing}: ${describe(named)}`);
  }
  const entries = Object.entries(named);
  if (entries.length === 0) throw new TypeError(`There must be at least one ${thing}`);
  for (const [name] of entries) checkName(name);
  return entries;
}

/** "events" is the path of all events; the other names would lead elsewhere, or change when decoded. */
function checkName(name: string): void {
  if (/^(?:|\.\.?|events)$|[/\\]/.test(name) || !name.isWellFormed()) {
    throw new TypeError(
      `${describe(name)} cannot be the name of a table: it is not a path segment, or has another meaning`,
    );
  }
}

function eventsOf(table: TableLike): LiveStream | undefined {
  const events: unknown = "events" in table ? table.events : undefined;
  return isStream(events) ? events : undefined;
}

function isTable(input: unknown): input is TableLike {
  return typeof input === "object" && input !== null && "listValues" in input && typeof input.listValues === "function";
}

function isStream(input: unknown): input is LiveStream {
  return typeof input === "object" && input !== null && "subscribe" in input && typeof input.subscribe === "function";
}

function notStream(what: string, input: unknown): TypeError {
  return new TypeError(`${what} must be a LiveStream, got ${describe(input)}`);
}
