import type { SourceWrite } from "../table/many_writes.ts";
import type { Condition } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import { describe } from "../base/describe.ts";
import { WRITE_VERBS, type WriteVerb } from "../table/verbs.ts";
import { conditionsFromWire, conditionsToWire, queryToParams } from "./query_params.ts";
import { keyText } from "./key_text.ts";
import { isList, type Json, memberOf, rowFromWire, rowToWire } from "./wire_value.ts";

/**
 * One of several writes in a request:
 *
 * ```text
 * {"verb":"patch","id":"a","row":{…},"where":[…],"in":"search=…","key":"…"}     {"verb":"insertReturnId","row":{…},"newId":"…"}
 * ```
 */
export interface WireWrite {
  readonly verb: WriteVerb;
  /** What the URL of the single write has: the set, and the id. */
  readonly params: URLSearchParams;
  readonly row: Row | undefined;
  /** What must hold for a row to be patched: what a column holds may be too long for a URL. */
  readonly where: readonly Condition[];
  readonly idempotencyKey: string | undefined;
}

const TEXTS = ["id", "newId", "in", "key"] as const;
const FIELDS: readonly string[] = ["verb", "row", "where", ...TEXTS];

/** A write for a request, with its idempotency key if that is to be sent. */
export function writeToWire({ op, query, idempotencyKey, newId }: SourceWrite, sendsKeys: boolean): Json {
  const { where, ...rest } = query;
  const isPatch = op.kind === "patch";
  const within = queryToParams(isPatch ? rest : query).toString();
  const row = "row" in op ? op.row : "partial" in op ? op.partial : undefined;
  return {
    verb: op.kind,
    ...("id" in op && { id: op.id }),
    ...(newId !== undefined && { newId }),
    ...(within !== "" && { in: within }),
    ...(isPatch && where !== undefined && { where: conditionsToWire(where) }),
    ...(row !== undefined && { row: rowToWire(row) }),
    ...(idempotencyKey !== undefined && sendsKeys && { key: keyText(idempotencyKey) }),
  };
}

/**
 * Reads a write from a request.
 *
 * @throws {TypeError} if it is none; the message names what is wrong.
 */
export function writeFromWire(wire: Json): WireWrite {
  if (typeof wire !== "object" || wire === null || isList(wire)) {
    throw new TypeError(`A write must be an object, got ${describe(wire)}`);
  }
  const unknown = Object.keys(wire).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown field ${describe(unknown)} of a write; accepted are ${FIELDS.join(", ")}`);
  }
  const [id, newId, within, key] = TEXTS.map((name) => textIn(wire, name));
  const params = new URLSearchParams(within);
  if (id !== undefined) params.set("id", id);
  if (newId !== undefined) params.set("newId", newId);
  const row = memberOf(wire, "row");
  const verb = verbIn(memberOf(wire, "verb"));
  const where = memberOf(wire, "where");
  if (where !== undefined && verb !== "patch") throw new TypeError("Only a patch has where; others have it in");
  return {
    verb,
    params,
    where: conditionsFromWire(where ?? []),
    row: row === undefined ? undefined : rowFromWire(row),
    idempotencyKey: key,
  };
}

function verbIn(verb: Json | undefined): WriteVerb {
  const known = WRITE_VERBS.find((name) => name === verb);
  if (known !== undefined) return known;
  throw new TypeError(`Unknown verb ${describe(verb)} of a write; accepted are ${WRITE_VERBS.join(", ")}`);
}

function textIn(wire: Json, name: string): string | undefined {
  const text = memberOf(wire, name);
  if (text === undefined || typeof text === "string") return text;
  throw new TypeError(`${name} of a write must be a text, got ${describe(text)}`);
}
