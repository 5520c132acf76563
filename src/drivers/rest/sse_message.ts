import { describe } from "../../base/describe.ts";
import { isList, type Json, rowFromWire } from "../../wire/wire_value.ts";
import { type LiveEvent, toLiveEvent } from "../../stream/live_event.ts";

/** One message of an event stream. */
export interface SseMessage {
  /** What kind of message it says it is; `message` if it says nothing. */
  readonly event: string;
  /** What it holds; several lines are joined by line feeds. */
  readonly data: string;
  /** The id it came with. */
  readonly id: string | undefined;
}

/** What a `tableHandler` says first on each connection. */
export interface Hello {
  /** After how many milliseconds of silence the server says that it is still there. */
  readonly heartbeatMs: number | undefined;
  /** Whether every event since the id that was asked for follows. */
  readonly resumed: boolean;
  /** The tables whose events it tells, if it serves several. */
  readonly tables: readonly string[] | undefined;
}

/**
 * The hello that a message is, if it is one: `event: hello`, `data: {"heartbeatMs":15000,"resumed":true}`, and
 * `"tables":["products"]` besides where there are several.
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
 * The event that a message tells of `table`: `{"kind":"updated","id":"a"}`, with a `row` or without, and with the name of
 * its `table` where several share a stream. `undefined` if it is about another one. Where only one side names a table, any
 * may be meant, so it is heard as `changed`.
 *
 * @throws {TypeError | SyntaxError} if it tells of none.
 */
export function eventFromWire(message: SseMessage, table?: string | undefined): LiveEvent | undefined {
  const told = toldBy(message);
  if (told.table === table) return told.event;
  if (told.event.kind === "changed" && told.table === undefined) return told.event;
  return told.table === undefined || table === undefined ? { kind: "changed" } : undefined;
}

interface Told {
  readonly table: string | undefined;
  readonly event: LiveEvent;
}

/** A message is asked once for each table that shares the stream, and read once. */
const read = new WeakMap<SseMessage, Told>();

function toldBy(message: SseMessage): Told {
  const known = read.get(message);
  if (known !== undefined) return known;
  const { table, kind, id, row } = parseObject(message.data);
  const told: Told = {
    table: typeof table === "string" ? table : undefined,
    // What they are is checked right here.
    event: kind === "changed"
      ? { kind }
      : toLiveEvent({ kind, id, ...(row !== undefined && { row: rowFromWire(row) }) } as LiveEvent),
  };
  read.set(message, told);
  return told;
}

function parseObject(data: string): { readonly [name: string]: Json } {
  const parsed: Json = JSON.parse(data);
  if (typeof parsed === "object" && parsed !== null && !isList(parsed)) return parsed;
  throw new TypeError(`A message must hold an object, got ${describe(parsed)}`);
}
