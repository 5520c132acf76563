import { isNarrowed } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import type { TableLike } from "../table/table_like.ts";

/** One table, or several by the names that they are served under. */
export type Tables = TableLike | { readonly [name: string]: TableLike };

/** The events of one table, or of several by their names. */
export type TableEvents = LiveStream | { readonly [name: string]: LiveStream };

/** A table under its name; without one if it is the only one, and stands at the base itself. */
export interface NamedTable {
  readonly name: string | undefined;
  readonly table: TableLike;
  readonly events: LiveStream | undefined;
}

/** The events of one table among those that share a stream. */
export interface NamedStream {
  /** The name that its events carry; none where they share the stream with no others. */
  readonly name: string | undefined;
  readonly stream: LiveStream;
  /** Whether ids are kept back, since they may be of rows that are not served. */
  readonly changesOnly: boolean;
}

/**
 * The tables that are served, each with its events: those that are given, or else those of the table itself.
 *
 * @throws {TypeError} if there is none, something is no table or no stream, or a name cannot be part of a path.
 */
export function toNamedTables(tables: Tables, events: TableEvents | undefined): readonly NamedTable[] {
  if (isTable(tables)) {
    if (events !== undefined && !isStream(events)) throw noStream("events", events);
    return [{ name: undefined, table: tables, events: events ?? eventsOf(tables) }];
  }
  const given = events ?? {};
  if (isStream(given)) {
    throw new TypeError("events of several tables are given by their names, as { products: stream }");
  }
  const named = entriesOf("table", tables).map(([name, table]) => {
    if (!isTable(table)) throw new TypeError(`${describe(name)} is no table: ${describe(table)}`);
    return { name, table, events: given[name] ?? eventsOf(table) };
  });
  for (const [name, stream] of Object.entries(given)) {
    if (!isStream(stream)) throw noStream(`events of ${describe(name)}`, stream);
    if (!Object.hasOwn(tables, name)) throw new TypeError(`events has the name ${describe(name)}, which no table has`);
  }
  return named;
}

/** The events of some tables, of those that have any. */
export function streamsOf(tables: readonly NamedTable[]): readonly NamedStream[] {
  return tables.flatMap(({ name, table, events }) =>
    events === undefined ? [] : [{ name, stream: events, changesOnly: isNarrowed(table.query) }]
  );
}

/**
 * The events of tables, or of streams, that are told together.
 *
 * @throws {TypeError} if there is none, one of them has no events, or a name cannot be part of a path.
 */
export function toNamedStreams(sources: { readonly [name: string]: TableLike | LiveStream }): readonly NamedStream[] {
  return entriesOf("table or stream", sources).map(([name, source]) => {
    const stream = isTable(source) ? eventsOf(source) : source;
    if (!isStream(stream)) throw noStream(describe(name), source);
    return { name, stream, changesOnly: isTable(source) && isNarrowed(source.query) };
  });
}

function entriesOf<T>(thing: string, named: { readonly [name: string]: T }): readonly (readonly [string, T])[] {
  if (typeof named !== "object" || named === null || Array.isArray(named)) {
    throw new TypeError(`This is no ${thing}: ${describe(named)}`);
  }
  const entries = Object.entries(named);
  if (entries.length === 0) throw new TypeError(`There must be at least one ${thing}`);
  for (const [name] of entries) checkName(name);
  return entries;
}

/** At "events" there are the events of all; the other names would lead elsewhere, or be decoded on the way. */
function checkName(name: string): void {
  if (/^(?:|\.\.?|events)$|[/\\]/.test(name) || !name.isWellFormed()) {
    throw new TypeError(
      `${describe(name)} cannot be the name of a table: it is no part of a path, or stands for another`,
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

function noStream(what: string, input: unknown): TypeError {
  return new TypeError(`${what} must be a LiveStream, got ${describe(input)}`);
}
