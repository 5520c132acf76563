import type { Row } from "../table/row.ts";
import { isList, type Json, rowFromWire } from "../wire/wire_value.ts";
import { checked, refuse } from "./refusals.ts";

/**
 * The row in the body of a request: `{"row": {…}}`.
 *
 * @throws {Refusal} if the body is of another type, longer than `maxBytes`, or something else.
 */
export async function readRow(request: Request, maxBytes: number): Promise<Row> {
  // Besides, a page of another origin cannot send this type without being asked first.
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw refuse("A row is sent as application/json", 415);
  }
  const body = parse(await readText(request, maxBytes));
  return checked(() => rowFromWire(rowIn(body)));
}

function rowIn(body: Json): Json | undefined {
  if (typeof body !== "object" || body === null || isList(body)) throw new TypeError(`The body must be {"row": {…}}`);
  const { row, ...others } = body;
  if (Object.keys(others).length > 0) throw new TypeError(`The body must hold "row" and nothing else`);
  return row;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse("The body is no JSON");
  }
}

/** Reads no more than the bound, whatever the request says of its length. */
async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLong(maxBytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let [text, length] = ["", 0];
  // No chunk is kept: each may be a few bytes of a buffer of many, of which Deno makes a new one for each.
  for await (const chunk of chunksOf(request)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong(maxBytes);
    text += decoded(() => decoder.decode(chunk, { stream: true }));
  }
  return text + decoded(() => decoder.decode());
}

async function* chunksOf({ body }: Request): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  try {
    for (let next = await nextOf(reader); next !== undefined; next = await nextOf(reader)) yield next;
  } finally {
    // Does nothing to a body that was read to its end.
    reader.cancel().catch(() => {});
  }
}

async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch {
    throw refuse("The body ended before it was complete");
  }
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw refuse("The body is not in UTF-8");
  }
}

function tooLong(maxBytes: number): Error {
  return refuse(`The body must have at most ${maxBytes} bytes`, 413);
}
