import { Pagination } from "../table/pagination.ts";
import type { Condition, Order, Query } from "../table/query.ts";
import { field, isPlainObject, type Row, type Value } from "../table/row.ts";
import { describe } from "../base/describe.ts";

/** The set of a write as data: `{ where, orderBy, search, page, itemsPerPage }`, each left out if the query has none. */
export function queryFacts({ where, orderBy, search, pagination }: Query): Row {
  return {
    ...(where !== undefined && { where: where.map(conditionFacts) }),
    ...(orderBy !== undefined && { orderBy }),
    ...(search !== undefined && { search }),
    ...(pagination !== undefined && { page: pagination.page, itemsPerPage: pagination.itemsPerPage }),
  };
}

/** The query of such data, unchecked but for its shape. */
export function queryOfFacts(facts: Value): Query {
  if (!isPlainObject(facts)) throw new TypeError(`A set of a write must be an object, got ${describe(facts)}`);
  const [where, orderBy] = [field(facts, "where"), field(facts, "orderBy")];
  const [search, page, itemsPerPage] = [field(facts, "search"), field(facts, "page"), field(facts, "itemsPerPage")];
  return {
    ...(where !== null && { where: where as readonly Condition[] }), // `toQuery` checks these.
    ...(orderBy !== null && { orderBy: orderBy as readonly Order[] }),
    ...(search !== null && { search: search as string }),
    ...(page !== null && { pagination: new Pagination(page as number, itemsPerPage as number) }),
  };
}

function conditionFacts([column, operator, operand]: Condition): readonly Value[] {
  return operand === undefined ? [column, operator] : [column, operator, operand];
}
