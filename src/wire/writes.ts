import { describe } from "../base/describe.ts";
import { VERBS } from "../table/source_capabilities.ts";

/** The verbs that write. */
export type WriteVerb = "insert" | "replace" | "patch" | "delete" | "deleteAll" | "insertReturnId";

/** All of them. */
export const WRITE_VERBS: readonly WriteVerb[] = VERBS.filter((verb) => verb !== "get" && verb !== "count");

/**
 * The verbs that are meant: all, none, or those of a list.
 *
 * @throws {TypeError} if one of them is none; the message names it and what is accepted.
 */
export function toWriteVerbs(writable: unknown): ReadonlySet<WriteVerb> {
  if (typeof writable === "boolean") return new Set(writable ? WRITE_VERBS : []);
  if (!Array.isArray(writable)) {
    throw new TypeError(`writable must be true, false or a list of verbs, got ${describe(writable)}`);
  }
  for (const verb of writable) {
    if (WRITE_VERBS.includes(verb)) continue;
    throw new TypeError(`Unknown verb ${describe(verb)} in writable; accepted are ${WRITE_VERBS.join(", ")}`);
  }
  return new Set(writable);
}
