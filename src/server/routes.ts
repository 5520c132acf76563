import { describe } from "../base/describe.ts";
import type { Row } from "../table/row.ts";
import type { WriteVerb } from "../table/verbs.ts";
import type { Json } from "../wire/wire_value.ts";
import type { Refusal } from "./answers.ts";
import type { WriteBody } from "./body.ts";
import { refuse } from "./refusals.ts";

/** A request on its way to the table. */
export interface Call {
  readonly request: Request;
  /** The parameters of its URL. */
  readonly params: URLSearchParams;
  /** Reads the row in the body. */
  readonly readRow: () => Promise<Row>;
  /** Reads the columns in the body, and what must hold for them to be written. */
  readonly readPatch: () => Promise<WriteBody>;
  /** Reads the body. */
  readonly readBody: () => Promise<Json>;
  /** Refuses a part of the request that is not permitted as a request alone; absent if every request is. */
  readonly admit?: ((request: Request) => Promise<void>) | undefined;
  /** Refuses once the handler is closed: to be called after each wait, before the table is. */
  readonly assertOpen: () => void;
  /** The refusal for an error of a part of the request; it is reported if the server has failed. */
  readonly refusalOf: (error: unknown) => Refusal;
  /** Makes sure that started work is finished, even if the client does not wait for the answer. */
  readonly finish: (work: Promise<unknown>) => void;
}

/** Answers one kind of request. */
export type Action = (call: Call) => Promise<Response>;

/** The actions at one path, by method. */
export type Place = Readonly<Record<string, Action>>;

/** The places below the base, by path. */
export type Routes = Readonly<Record<string, Place>>;

/**
 * Splits the id from the other parameters.
 *
 * @throws {Refusal} if there is no id, or more than one.
 */
export function takeId(params: URLSearchParams): { readonly id: string; readonly others: URLSearchParams } {
  const [id, second] = params.getAll("id");
  if (id === undefined || second !== undefined) throw refuse("Exactly one id is required, as in /row?id=a");
  const others = new URLSearchParams(params);
  others.delete("id");
  return { id, others };
}

/**
 * Splits the id for a new row from the other parameters, if there is one.
 *
 * @throws {Refusal} if it is empty, or there is more than one.
 */
export function takeNewId(params: URLSearchParams): { readonly newId?: string; readonly others: URLSearchParams } {
  const [newId, second] = params.getAll("newId");
  if (newId === undefined) return { others: params };
  if (newId === "" || second !== undefined) throw refuse("newId must be one id, as in /rows?newId=a");
  const others = new URLSearchParams(params);
  others.delete("newId");
  return { newId, others };
}

/**
 * Checks that there are only accepted parameters, and returns them.
 *
 * @throws {Refusal} if there are others than `accepted`.
 */
export function only(accepted: readonly string[], params: URLSearchParams): URLSearchParams {
  for (const name of params.keys()) {
    if (accepted.includes(name)) continue;
    throw refuse(`Unknown parameter ${describe(name)}; accepted are ${accepted.join(", ") || "none"}`);
  }
  return params;
}

/**
 * Splits off whether the client wants rows as they are at the master now, whatever the table holds: `fresh=true`.
 *
 * @throws {Refusal} if it is something else.
 */
export function takeFresh(params: URLSearchParams): { readonly fresh: boolean; readonly others: URLSearchParams } {
  const given = params.getAll("fresh");
  if (given.length === 0) return { fresh: false, others: params };
  if (given.length > 1 || given[0] !== "true") throw refuse("fresh can only be true, as in /row?id=a&fresh=true");
  const others = new URLSearchParams(params);
  others.delete("fresh");
  return { fresh: true, others };
}

/** The parameters that narrow a set. */
export const NARROWING: readonly string[] = ["where", "search"];

/** The path and method of each write. */
export const WRITE_PLACES: Readonly<Record<WriteVerb, { readonly path: string; readonly method: string }>> = {
  insertReturnId: { path: "/rows", method: "POST" },
  deleteAll: { path: "/rows", method: "DELETE" },
  insert: { path: "/row", method: "POST" },
  replace: { path: "/row", method: "PUT" },
  patch: { path: "/row", method: "PATCH" },
  delete: { path: "/row", method: "DELETE" },
};

/** The methods of some writes, in the usual order. */
export function methodsOf(writes: ReadonlySet<WriteVerb>): readonly string[] {
  const used = [...writes].map((verb) => WRITE_PLACES[verb].method);
  // Several writes are one POST.
  return ["POST", "PUT", "PATCH", "DELETE"].filter((method) =>
    used.includes(method) || (used.length > 0 && method === "POST")
  );
}
