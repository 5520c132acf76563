/** A verb that writes. */
export type WriteVerb = "insert" | "replace" | "patch" | "delete" | "deleteAll" | "insertReturnId";

/** A verb that a source may lack. */
export type Verb = "get" | "count" | WriteVerb;

/** The capabilities of a source that is only read. */
export const NO_WRITES: Readonly<Record<WriteVerb, false>> = {
  insert: false,
  replace: false,
  patch: false,
  delete: false,
  deleteAll: false,
  insertReturnId: false,
};

/** The verbs that write. */
export const WRITE_VERBS = Object.keys(NO_WRITES) as readonly WriteVerb[]; // It has each of them, and no others.

/** The verbs that a source may lack. */
export const VERBS: readonly Verb[] = ["get", "count", ...WRITE_VERBS];
