import { chained, itemsAfter } from "./chain.ts";
import { Pagination } from "./pagination.ts";
import { type Condition, type Operator, OPERATORS, type Order, type Query } from "./query.ts";
import { partsOf, queryOf } from "./query_parts.ts";
import { describe } from "../base/describe.ts";
import { holdsMutable, toValue, type Value } from "./row.ts";

/** The table that a query is for. */
interface Target {
  readonly tableName: string;
  readonly columns: readonly string[];
  readonly names: ReadonlySet<string>;
}

const PARTS: readonly string[] = ["where", "orderBy", "search", "pagination"] satisfies readonly (keyof Query)[];

const nameSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/**
 * A checked, frozen copy of a query. Empty parts are left out, `eq null` becomes `isNull`, `ne null` `notNull`. What has been
 * checked against these very `columns` before is not checked again.
 *
 * @throws {TypeError} if a part is unknown or has the wrong shape, an operator is unknown, or a column is not among `columns`
 * (when there are any); the message names it and what is accepted.
 */
export function toQuery(query: Query, tableName: string, columns: readonly string[]): Query {
  checkParts(query);
  const parts = partsOf(query);
  const done = parts.checked?.columns === columns ? parts.checked : undefined;
  const target = { tableName, columns, names: namesIn(columns) };
  const where = itemsAfter(done?.where, parts.where).map((condition) => toCondition(condition, target));
  const orderBy = itemsAfter(done?.orderBy, parts.orderBy).map((order) => toOrder(order, target));
  const checked = {
    where: chained(done?.where, where),
    orderBy: chained(done?.orderBy, orderBy),
    columns,
    mutable: done?.mutable === true || where.some(([, , operand]) => operand !== undefined && holdsMutable(operand)),
  };
  return queryOf({
    where: checked.where,
    orderBy: checked.orderBy,
    search: toSearch(parts.search),
    pagination: toPagination(parts.pagination),
    checked,
  });
}

function checkParts(query: unknown): void {
  if (typeof query !== "object" || query === null || Array.isArray(query)) {
    throw new TypeError(`A query must be an object, got ${describe(query)}`);
  }
  const unknown = Object.keys(query).find((part) => !PARTS.includes(part));
  if (unknown === undefined) return;
  throw new TypeError(`A query has no part ${describe(unknown)}; accepted are ${PARTS.join(", ")}`);
}

function namesIn(columns: readonly string[]): ReadonlySet<string> {
  const names = nameSets.get(columns) ?? new Set(columns);
  nameSets.set(columns, names);
  return names;
}

function toSearch(search: unknown): string | undefined {
  if (search === undefined || typeof search === "string") return search || undefined;
  throw new TypeError(`search must be a string, got ${describe(search)}`);
}

function toPagination(pagination: unknown): Pagination | undefined {
  if (pagination === undefined || pagination instanceof Pagination) return pagination;
  throw new TypeError(`pagination must be a Pagination, got ${describe(pagination)}`);
}

function toCondition(condition: Condition, target: Target): Condition {
  if (!Array.isArray(condition)) {
    throw new TypeError(`A condition must be [column, operator, value], got ${describe(condition)}`);
  }
  const [column, operator, operand] = condition as readonly unknown[];
  const name = knownColumn(column, "a condition", target);
  if (!OPERATORS.includes(operator as Operator)) {
    throw new TypeError(
      `Unknown operator ${describe(operator)} in a condition on ${describe(name)}; accepted are ${
        OPERATORS.join(", ")
      }`,
    );
  }
  return Object.freeze(withOperand(name, operator as Operator, operand));
}

function withOperand(column: string, operator: Operator, operand: unknown): Condition {
  switch (operator) {
    case "isNull":
    case "notNull":
      return [column, operator];
    case "in":
    case "notIn":
      if (!Array.isArray(operand)) {
        throw new TypeError(
          `The operator "${operator}" on ${describe(column)} takes an array, got ${describe(operand)}`,
        );
      }
      return [column, operator, toValue(operand, column)];
    case "eq":
      return operand === null ? [column, "isNull"] : [column, operator, operandValue(column, operator, operand)];
    case "ne":
      return operand === null ? [column, "notNull"] : [column, operator, operandValue(column, operator, operand)];
    default:
      return [column, operator, operandValue(column, operator, operand)];
  }
}

function operandValue(column: string, operator: Operator, operand: unknown): Value {
  if (operand === undefined) throw new TypeError(`The operator "${operator}" on ${describe(column)} needs a value`);
  return toValue(operand, column);
}

function toOrder(order: Order, target: Target): Order {
  if (!Array.isArray(order)) throw new TypeError(`An order must be [column, "asc" | "desc"], got ${describe(order)}`);
  const [column, direction] = order as readonly unknown[];
  const name = knownColumn(column, "an order", target);
  if (direction !== "asc" && direction !== "desc") {
    throw new TypeError(
      `Unknown direction ${describe(direction)} in an order by ${describe(name)}; accepted are asc, desc`,
    );
  }
  return Object.freeze([name, direction] satisfies Order);
}

function knownColumn(column: unknown, place: string, { tableName, columns, names }: Target): string {
  if (typeof column !== "string" || column === "") {
    throw new TypeError(`A column in ${place} must be a name, got ${describe(column)}`);
  }
  if (names.size > 0 && !names.has(column)) {
    throw new TypeError(
      `Unknown column ${describe(column)} in ${place} on ${describe(tableName)}; accepted are ${columns.join(", ")}`,
    );
  }
  return column;
}
