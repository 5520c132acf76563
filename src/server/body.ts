import type { Row } from "../table/row.ts";
import { readText, type TextTrouble } from "../wire/read_text.ts";
import { isList, type Json, rowFromWire } from "../wire/wire_value.ts";
import type { Refusal } from "./answers.ts";
import { checked, refuse } from "./refusals.ts";

/**
 * Reads the row in the body of a request: `{"row": {…}}`.
 *
 * @throws {Refusal} if the body has another type, is longer than `maxBytes`, or is not a row.
 */
export async function readRow(request: Request, maxBytes: number): Promise<Row> {
  // A page of another origin can send this type only after a CORS preflight.
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw refuse("A row must be sent as application/json", 415);
  }
  const body = parse(await textOf(request, maxBytes));
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
    throw refuse("The body is not JSON");
  }
}

/** Reads at most `maxBytes`, whatever length the request declares. */
async function textOf({ headers, body }: Request, maxBytes: number): Promise<string> {
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw refusalOf("too long", maxBytes);
  return await readText(body, maxBytes, (trouble) => refusalOf(trouble, maxBytes));
}

function refusalOf(trouble: TextTrouble, maxBytes: number): Refusal {
  switch (trouble) {
    case "too long":
      return refuse(`The body must have at most ${maxBytes} bytes`, 413);
    case "no UTF-8":
      return refuse("The body is not in UTF-8");
    case "broken off":
      return refuse("The body ended before it was complete");
    default:
      return trouble satisfies never;
  }
}
