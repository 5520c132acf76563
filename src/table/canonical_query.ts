import { canonicalValue } from "./canonical_value.ts";
import type { Condition, Query } from "./query.ts";

/**
 * A text that is the same for two queries only if they stand for the same rows in the same order, whatever the page. The
 * order of conditions, and of the values in `in`, makes no difference.
 */
export function canonicalQuery(query: Query): string {
  const where = [...new Set((query.where ?? []).map(canonicalCondition))].sort();
  const orderBy = (query.orderBy ?? []).map(([column, direction]) => `${JSON.stringify(column)} ${direction}`);
  return [
    where.length > 0 ? `where=${where.join("&")}` : "",
    orderBy.length > 0 ? `order=${orderBy.join(",")}` : "",
    query.search ? `search=${JSON.stringify(query.search)}` : "",
  ].filter((part) => part !== "").join(";");
}

/** The same text for conditions that hold for the same rows, such as `in` of the same values in another order. */
export function canonicalCondition([column, operator, value]: Condition): string {
  const operand = Array.isArray(value) && (operator === "in" || operator === "notIn")
    ? `[${[...new Set(value.map(canonicalValue))].sort().join(",")}]`
    : canonicalValue(value ?? null);
  return `${JSON.stringify(column)} ${operator} ${operand}`;
}
