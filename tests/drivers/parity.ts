import assert from "node:assert/strict";
import fc from "fast-check";
import { NotFoundError, type Query, type Row, sameRow, type TableLike } from "@vantage/live";

/** A write to a set. */
export type Step =
  | { readonly kind: "insert" | "replace" | "patch"; readonly id: string; readonly row: Row; readonly set: Query }
  | { readonly kind: "delete"; readonly id: string; readonly set: Query }
  | { readonly kind: "deleteAll"; readonly set: Query };

/** What a step may write, and where. */
export interface StepParts {
  readonly id: fc.Arbitrary<string>;
  readonly row: fc.Arbitrary<Row>;
  readonly set: fc.Arbitrary<Query>;
}

/** Any write. */
export function arbitraryStep({ id, row, set }: StepParts): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("insert", "replace", "patch"), id, row, set }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), id, set }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteAll"), set }) },
  );
}

/** The answer, or that there is no such row. Anything else that goes wrong fails the test. */
export async function apply(step: Step, table: TableLike): Promise<Row | string | void> {
  const set = table.withQuery(step.set);
  try {
    switch (step.kind) {
      case "insert":
        return await set.insertValue(step.id, step.row);
      case "replace":
        return await set.replaceValue(step.id, step.row);
      case "patch":
        return await set.patchValue(step.id, step.row);
      case "delete":
        return await set.delete(step.id);
      case "deleteAll":
        return await set.deleteAll();
      default:
        return step satisfies never;
    }
  } catch (error) {
    if (error instanceof NotFoundError) return error.code;
    throw error;
  }
}

/** The same answer. A column that is null in a database may be absent in memory. */
export function assertSameAnswer(actual: Row | string | void, expected: Row | string | void): void {
  if (typeof actual !== "object" || typeof expected !== "object") return assert.equal(actual, expected);
  const [one, other] = [withoutNulls(actual), withoutNulls(expected)];
  if (sameRow(one, other)) return;
  assert.deepEqual(one, other);
  assert.fail("The rows differ in a way that deepEqual does not see");
}

function withoutNulls(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

/** A query, as it is shown where a test fails. */
export function shownQuery(query: Query): string {
  return JSON.stringify(query, (_, value: unknown) => typeof value === "bigint" ? `${value}n` : value);
}
