import { describe } from "../base/describe.ts";
import type { Row } from "../table/row.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { refuse } from "./refusals.ts";

/** A request that is on its way to the table. */
export interface Call {
  readonly request: Request;
  /** The parameters of its URL. */
  readonly params: URLSearchParams;
  /** Reads the row in its body. */
  readonly readRow: () => Promise<Row>;
  /** Sees to it that work which was begun is finished, whether or not anybody waits for the answer. */
  readonly underWay: (work: Promise<unknown>) => void;
}

/** Answers one kind of request. */
export type Action = (call: Call) => Promise<Response>;

/** What can be asked at one place, by method. */
export type Place = Readonly<Record<string, Action>>;

/** The places there are, by their paths under the base. */
export type Routes = Readonly<Record<string, Place>>;

/**
 * The id that a request names, and the other parameters.
 *
 * @throws {Refusal} if it names none, or several.
 */
export function takeId(params: URLSearchParams): { readonly id: string; readonly others: URLSearchParams } {
  const [id, second] = params.getAll("id");
  if (id === undefined || second !== undefined) throw refuse("One row must be named, as in /row?id=a");
  const others = new URLSearchParams(params);
  others.delete("id");
  return { id, others };
}

/**
 * The parameters themselves, if they say no more than which rows are meant.
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

/** The parameters that narrow a set. */
export const NARROWING: readonly string[] = ["where", "search"];

/** Where each write is asked for. */
export const WRITE_PLACES: Readonly<Record<WriteVerb, { readonly path: string; readonly method: string }>> = {
  insertReturnId: { path: "/rows", method: "POST" },
  deleteAll: { path: "/rows", method: "DELETE" },
  insert: { path: "/row", method: "POST" },
  replace: { path: "/row", method: "PUT" },
  patch: { path: "/row", method: "PATCH" },
  delete: { path: "/row", method: "DELETE" },
};

/** The methods that some writes are asked with, in the usual order. */
export function methodsOf(writes: ReadonlySet<WriteVerb>): readonly string[] {
  const used = [...writes].map((verb) => WRITE_PLACES[verb].method);
  return ["POST", "PUT", "PATCH", "DELETE"].filter((method) => used.includes(method));
}
