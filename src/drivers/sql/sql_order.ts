import { UnsupportedError } from "../../table/errors.ts";
import type { Query } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { columnOf, type SqlTarget } from "./sql_conditions.ts";

/**
 * The terms of an order, ending in the key, so that pages neither repeat nor skip rows. Only the first order of a column
 * counts.
 *
 * @throws {UnsupportedError} if it orders by documents, or by too many columns.
 */
export function orderSql(query: Query, target: SqlTarget): string {
  const { dialect, key, name } = target;
  const orders = new Map<string, "asc" | "desc">();
  for (const [ordered, direction] of query.orderBy ?? []) if (!orders.has(ordered)) orders.set(ordered, direction);
  const terms = [...orders].flatMap(([ordered, direction]) => {
    const column = columnOf(ordered, target);
    if (column.kind === "document") {
      throw new UnsupportedError(`Cannot order documents: the column ${describe(ordered)} holds documents`);
    }
    return dialect.order(column, direction);
  });
  const last = key.filter((column) => !orders.has(column)).map((column) => dialect.quote(column));
  if (terms.length + last.length > dialect.maxOrderTerms) {
    throw new UnsupportedError(
      `Cannot order ${
        describe(name)
      } by ${orders.size} columns; ${dialect.name} takes at most ${dialect.maxOrderTerms}`,
    );
  }
  return [...terms, ...last].join(", ");
}
