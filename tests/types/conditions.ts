/** What handles of typed tables take: compiled, never run. */
import type { LiveTable, MemTable, Operator, Table, Value } from "@vantage/live";
import type { Client } from "./client.ts";

declare const clients: Table<Client>;

/** A condition has a column, an operator, and a value of the column's type. */
export function conditions(): void {
  clients.where("age", "gt", 3).where("name", "eq", "Marty").where("status", "in", ["new"]).where(
    "isActive",
    "ne",
    true,
  );
  clients.where("born", "lt", new Date()).where("balance", "gte", 3n).where("photo", "eq", new Uint8Array());
  clients.where("tags", "eq", ["guitar"]).where("address", "eq", { street: "Lyon Drive", at: [34.1, -118.1] });
  const comparison = "gt" as "gt" | "lte";
  clients.where("age", comparison, 3);
  // @ts-expect-error: there is no such column
  clients.where("nmae", "eq", "Marty");
  // @ts-expect-error: it holds a number
  clients.where("age", "gt", "x");
  // @ts-expect-error: it holds one of two words
  clients.where("status", "eq", "old");
  // @ts-expect-error: there is no such operator
  clients.where("name", "like", "M%");
  // @ts-expect-error: a list is for `in`
  clients.where("name", "eq", ["Marty"]);
  // @ts-expect-error: `in` takes a list
  clients.where("age", "in", 3);
  // @ts-expect-error: of the column's type
  clients.where("age", "in", ["3"]);
  // @ts-expect-error: `gt` needs a value
  clients.where("age", "gt");
  // @ts-expect-error: `isNull` takes none
  clients.where("age", "isNull", 3);
}

/** An absent column counts as null, so null goes where the column may be absent or null. */
export function nulls(): void {
  clients.where("age", "eq", null).where("age", "in", [3, null]).where("city", "ne", null).where("city", "isNull");
  clients.where({ age: null, city: null });
  // @ts-expect-error: a name is never null
  clients.where("name", "eq", null);
  // @ts-expect-error: nothing is greater than null, nor less
  clients.where("age", "gt", null);
  // @ts-expect-error: a name is never null
  clients.where({ name: null });
}

/** Conditions as one object, and orders. */
export function others(): void {
  clients.where({ name: "Marty", age: undefined }).orderBy("age", "desc").orderBy("name").page(2).search("ann");
  // @ts-expect-error: there is no such column
  clients.where({ nmae: "Marty" });
  // @ts-expect-error: it holds a number
  clients.where({ age: "3" });
  // @ts-expect-error: there is no such column
  clients.orderBy("nmae");
  // @ts-expect-error: there is no such direction
  clients.orderBy("name", "up");
}

/** A column of unknown type is compared with any value. */
export function unknownColumn(table: Table<{ id: string; data: unknown }>): void {
  table.where("data", "eq", 3).where("data", "in", ["a", 3]).where("data", "gt", "a").where("id", "eq", "a");
  // @ts-expect-error: the others keep their types
  table.where("id", "eq", 3);
}

/** Without a type any column goes, and an operator that is known when the program runs. */
export function untyped(table: Table, column: string, operator: Operator, value: Value | undefined): void {
  table.where(column, operator, value).where("a", "isNull", null).where("b", "in", [1]).where({ c: 1, d: undefined });
  table.orderBy(column);
  // @ts-expect-error: a function is no value
  table.where("a", "eq", () => 3);
}

/** Of two sorts of table, both can be narrowed. */
export function either(table: MemTable | LiveTable, typed: MemTable<Client> | LiveTable<Client>): void {
  table.where("a", "eq", 1).orderBy("a").where({ a: 1 });
  typed.where("age", "eq", 1).orderBy("age").where({ age: 1 });
  // @ts-expect-error: there is no such column
  typed.where("nmae", "eq", 1);
}
