import type { Condition } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import { conditionsFromWire } from "../wire/query_params.ts";
import { readText, type TextTrouble } from "../wire/read_text.ts";
import { isList, type Json, rowFromWire } from "../wire/wire_value.ts";
import type { Refusal } from "./answers.ts";
import { checked, refuse, TOO_LONG } from "./refusals.ts";

/** The body of a write: `{"row": {…}}`, and in a patch `"where": […]`, where values fit that are too long for a URL. */
export interface WriteBody {
  readonly row: Row;
  /** What must hold for the row to be written. */
  readonly where: readonly Condition[];
}

/**
 * Reads the JSON in the body of a request.
 *
 * @throws {Refusal} if the body has another type, is longer than `maxBytes`, or is not JSON.
 */
export async function readJson(request: Request, maxBytes: number): Promise<Json> {
  // A page of another origin can send this type only after a CORS preflight.
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) {
    throw refuse("A row must be sent as application/json", 415);
  }
  return parse(await textOf(request, maxBytes));
}

/**
 * What the body of a write says, which may hold the members named by `accepted`, and must hold a row.
 *
 * @throws {Refusal} if it is something else.
 */
export function writeIn(body: Json, accepted: readonly (keyof WriteBody)[]): WriteBody {
  return checked(() => {
    const { row, where = [] } = membersOf(body, accepted);
    return { row: rowFromWire(row), where: conditionsFromWire(where) };
  });
}

function membersOf(body: Json, accepted: readonly (keyof WriteBody)[]): { readonly [name in keyof WriteBody]?: Json } {
  if (typeof body !== "object" || body === null || isList(body)) throw new TypeError(`The body must be {"row": {…}}`);
  if (Object.keys(body).every((name) => (accepted as readonly string[]).includes(name))) return body;
  throw new TypeError(`The body must hold ${accepted.map((name) => `"${name}"`).join(" and ")} and nothing else`);
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
      return refuse(`The body must have at most ${maxBytes} bytes`, TOO_LONG);
    case "no UTF-8":
      return refuse("The body is not in UTF-8");
    case "broken off":
      return refuse("The body ended before it was complete");
    default:
      return trouble satisfies never;
  }
}
