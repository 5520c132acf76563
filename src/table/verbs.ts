/** The verbs that write. */
export const WRITE_VERBS = ["insert", "replace", "patch", "delete", "deleteAll", "insertReturnId"] as const;

/** A verb that writes. */
export type WriteVerb = typeof WRITE_VERBS[number];

/** A verb that a source may lack. */
export type Verb = "get" | "count" | WriteVerb;

/** The verbs that a source may lack. */
export const VERBS: readonly Verb[] = ["get", "count", ...WRITE_VERBS];

/** The capabilities of a source that is only read. */
export const NO_WRITES: Readonly<Record<WriteVerb, false>> = {
  insert: false,
  replace: false,
  patch: false,
  delete: false,
  deleteAll: false,
  insertReturnId: false,
};
