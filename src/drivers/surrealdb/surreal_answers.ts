import { describe } from "../../base/describe.ts";
import { isNotDone, surrealError } from "./surreal_errors.ts";
import { definitionsFor } from "./surreal_functions.ts";
import type { SurrealHandle, SurrealResponse } from "./surreal_handle.ts";
import { type Ql, statements } from "./surreal_ql.ts";

/** What became of a statement. */
export type Answered = { readonly result: unknown } | { readonly error: unknown };

/**
 * Runs statements in one call, each in a transaction of its own, and gives the result or error of each.
 *
 * @throws the client's error if none of them was run, or if that is not known.
 */
export async function ask(db: SurrealHandle, pieces: readonly Ql[]): Promise<readonly Answered[]> {
  const { text, bindings } = statements(pieces);
  const definitions = definitionsFor(text);
  const responses: unknown = await db.query([...definitions, text].join(";\n"), bindings).responses();
  if (!Array.isArray(responses)) throw new TypeError(`The client answered with ${describe(responses)}, not a list`);
  return (responses as readonly SurrealResponse[]).slice(definitions.length).map((response) =>
    response.success ? { result: response.result } : { error: response.error }
  );
}

/**
 * Runs one statement.
 *
 * @param tries how often it is run if its transaction conflicts with others
 * @throws its error.
 */
export async function askOne(db: SurrealHandle, piece: Ql, tries = 1): Promise<unknown> {
  const [answered] = await ask(db, [piece]);
  if (answered === undefined) throw new TypeError("The client answered without a result");
  if (!("error" in answered)) return answered.result;
  if (tries > 1 && isNotDone(answered.error)) return askOne(db, piece, tries - 1);
  throw answered.error;
}

/** Does work with the database. What fails is the typed error for it, and says what was to be done. */
export async function answered<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw surrealError(error, what);
  }
}
