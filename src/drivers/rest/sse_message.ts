import { describe } from "../../base/describe.ts";
import { isList, type Json, rowFromWire } from "../../wire/wire_value.ts";
import { type LiveEvent, toLiveEvent } from "../../stream/live_event.ts";

/** One message of an event stream. */
export interface SseMessage {
  /** The type of the message; `message` if it has none. */
  readonly event: string;
  /** The data; several lines are joined by line feeds. */
  readonly data: string;
  /** The id of the message. */
  readonly id: string | undefined;
}

/** The first message of a `tableHandler` on each connection. */
export interface Hello {
  /** The server sends a heartbeat after this many milliseconds of silence. */
  readonly heartbeatMs: number | undefined;
  /** Whether all events since the requested id follow. */
  readonly resumed: boolean;
  /** The tables whose events are sent, if the server has several. */
  readonly tables: readonly string[] | undefined;
}

/**
 * Reads a hello; `undefined` if the message is not one: `event: hello`, `data: {"heartbeatMs":15000,"resumed":true}`,
 * with `"tables":["products"]` where there are several.
 */
export function toHello({ event, data }: SseMessage): Hello | undefined {
  if (event !== "hello") return undefined;
  try {
    const { heartbeatMs, resumed, tables } = parseObject(data);
    if (typeof resumed !== "boolean") return undefined;
    return {
      heartbeatMs: typeof heartbeatMs === "number" && heartbeatMs > 0 ? heartbeatMs : undefined,
      resumed,
      tables: tables !== undefined && isList(tables)
        ? tables.filter((name): name is string => typeof name === "string")
        : undefined,
    };
  } catch {
    return undefined;
  }
}

/**
 * The event of `table` in a message: `{"kind":"updated","id":"a"}`, with or without `row` and `columns`, and with the name of its
 * `table` where several share a stream. `undefined` if it is of another table. If only one side names a table, the
 * event may be of any table, so it becomes `changed`.
 *
 * @throws {TypeError | SyntaxError} if the message has no event.
 */
export function eventFromWire(message: SseMessage, table?: string | undefined): LiveEvent | undefined {
  const named = namedEvent(message);
  if (named.table === table) return named.event;
  if (named.event.kind === "changed" && named.table === undefined) return named.event;
  return named.table === undefined || table === undefined ? { kind: "changed" } : undefined;
}

interface NamedEvent {
  readonly table: string | undefined;
  readonly event: LiveEvent;
}

/** Caches the event of a message, which is needed once for each table that shares the stream. */
const read = new WeakMap<SseMessage, NamedEvent>();

function namedEvent(message: SseMessage): NamedEvent {
  const known = read.get(message);
  if (known !== undefined) return known;
  const { table, kind, id, row, columns } = parseObject(message.data);
  const named: NamedEvent = {
    table: typeof table === "string" ? table : undefined,
    // toLiveEvent checks the members.
    event: kind === "changed"
      ? { kind }
      : toLiveEvent({ kind, id, columns, ...(row !== undefined && { row: rowFromWire(row) }) } as LiveEvent),
  };
  read.set(message, named);
  return named;
}

function parseObject(data: string): { readonly [name: string]: Json } {
  const parsed: Json = JSON.parse(data);
  if (typeof parsed === "object" && parsed !== null && !isList(parsed)) return parsed;
  throw new TypeError(`A message must hold an object, got ${describe(parsed)}`);
}
