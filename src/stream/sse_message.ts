import { describe } from "../table/row.ts";
import { isList, type Json, rowFromWire } from "../wire/wire_value.ts";
import { type LiveEvent, toLiveEvent } from "./live_event.ts";

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
}

/** The hello that a message is, if it is one: `event: hello`, `data: {"heartbeatMs":15000,"resumed":true}`. */
export function toHello({ event, data }: SseMessage): Hello | undefined {
  if (event !== "hello") return undefined;
  try {
    const { heartbeatMs, resumed } = parseObject(data);
    if (typeof resumed !== "boolean") return undefined;
    return { heartbeatMs: typeof heartbeatMs === "number" && heartbeatMs > 0 ? heartbeatMs : undefined, resumed };
  } catch {
    return undefined;
  }
}

/**
 * The event that a message tells of: `{"kind":"updated","id":"a"}`, with a `row` or without.
 *
 * @throws {TypeError | SyntaxError} if it tells of none.
 */
export function eventFromWire({ data }: SseMessage): LiveEvent {
  const { kind, id, row } = parseObject(data);
  if (kind === "changed") return { kind };
  // What they are is checked right here.
  return toLiveEvent({ kind, id, ...(row !== undefined && { row: rowFromWire(row) }) } as LiveEvent);
}

function parseObject(data: string): { readonly [name: string]: Json } {
  const parsed: Json = JSON.parse(data);
  if (typeof parsed === "object" && parsed !== null && !isList(parsed)) return parsed;
  throw new TypeError(`A message must hold an object, got ${describe(parsed)}`);
}
