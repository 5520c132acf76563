import { describe } from "../base/describe.ts";
import { WRITE_VERBS, type WriteVerb } from "../table/verbs.ts";

/**
 * The verbs that an option allows: all, none, or those of a list.
 *
 * @throws {TypeError} if a verb is unknown; the message names it and the accepted ones.
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
