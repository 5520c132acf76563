import { nameErrors, RejectedError } from "./errors.ts";
import type { SchemaIssue } from "./standard_schema.ts";

/** Something that is wrong with a row. */
export interface RowIssue {
  /** What it is, in the words of the schema's library. */
  readonly message: string;
  /** Where it is: a column, then what it holds. Empty if it concerns the whole row. */
  readonly path: readonly PropertyKey[];
}

/** A row that does not keep to a schema. Nothing was sent. */
export class InvalidRowError extends RejectedError {
  static {
    nameErrors(this, "InvalidRowError");
  }
  /** All that the schema found, in its order. */
  readonly issues: readonly RowIssue[];

  /** The error for what was to be done, such as `Cannot insert row "a"`. */
  constructor(what: string, issues: readonly RowIssue[]) {
    super(`${what}: ${issues.map(textOf).join("; ")}`);
    this.issues = issues;
  }
}

/** Issues with plain keys: some libraries have objects in their paths. */
export function rowIssues(issues: readonly SchemaIssue[]): readonly RowIssue[] {
  return issues.map(({ message, path = [] }) => ({
    message,
    // Not path.map: a path of arktype is of a class that would make another one, with a length in it.
    path: Array.from(path, (step) => typeof step === "object" ? step.key : step),
  }));
}

function textOf({ message, path }: RowIssue): string {
  return path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`;
}
