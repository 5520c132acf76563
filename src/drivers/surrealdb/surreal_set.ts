import type { Condition, Query } from "../../table/query.ts";
import { isDocument, keysOf } from "./surreal_id_conditions.ts";
import { recordQl } from "./surreal_ids.ts";
import { arrayQl, type Ql, ql, statements } from "./surreal_ql.ts";
import type { SurrealSchema } from "./surreal_schema.ts";

/** Where the rows of a set are looked for, and the conditions that are left. */
export interface SetQl {
  readonly from: Ql;
  readonly rest: readonly Condition[];
}

/** Looks up rows by their ids, where a condition says which: SurrealDB would look at all rows. */
export function setOf({ where = [] }: Query, schema: SurrealSchema): SetQl {
  const byId = where.find(([name, operator]) => name === "id" && (operator === "eq" || operator === "in"));
  const [, operator, operand = null] = byId ?? [];
  const operands = operator === "in" && Array.isArray(operand) ? operand : [operand];
  // The keys that an array or object stands for are not known: its times may have nanoseconds.
  if (byId === undefined || operands.some(isDocument)) {
    return { from: ql`${schema.qlName}`, rest: where };
  }
  const keys = keysOf(operands, schema);
  const records = distinct(keys).map((key) => recordQl(schema.name, key));
  return {
    from: ql`(SELECT * FROM ${arrayQl(records)} WHERE id != NONE)`,
    rest: where.filter((condition) => condition !== byId),
  };
}

/** Each key once. */
function distinct(keys: readonly Ql[]): readonly Ql[] {
  const known = new Map(keys.map((key) => [textOf(key), key]));
  return [...known.values()];
}

function textOf(key: Ql): string {
  const { text, bindings } = statements([key]);
  return JSON.stringify([text, bindings], (_, value) => typeof value === "bigint" ? `${value}n` : value);
}
