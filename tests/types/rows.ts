/** What rows of a type are: compiled, never run. */
import type { ColumnName, Draft, PatchOf, Row, RowEntry, RowOf, Rows, Value, ValueOf } from "@vantage/live";
import { type Address, type Client, MARTY, type Order, type Product } from "./client.ts";
import { type Equal, type Flat, same } from "./equal.ts";

/** Every column, frozen at every depth. */
export function columns(row: RowOf<Client>): void {
  same<Flat<RowOf<Order>>, { readonly id: string; readonly total: number }>(true);
  same<Flat<RowOf<Product>>, { readonly id: string; readonly name: string; readonly price: number }>(true);
  same<RowOf<Client>["tags"], readonly string[]>(true);
  same<Flat<RowOf<Client>["address"]>, {
    readonly street: string;
    readonly zip?: string;
    readonly at: readonly [latitude: number, longitude: number];
  }>(true);
  same<RowOf<Client>["born"], Date>(true);
  same<RowOf<Client>["photo"], Uint8Array>(true);
  same<RowOf<Client>["status"], "new" | "regular">(true);
  same<RowOf<Client>["city"], string | null>(true);
  same<ColumnName<Product>, "id" | "name" | "price">(true);
  // @ts-expect-error: rows are frozen
  row.name = "Doc";
  // @ts-expect-error: what they hold is, too
  row.tags.push("skateboard");
  // @ts-expect-error: at every depth
  row.address.at[0] = 0;
  // @ts-expect-error: there is no such column
  row.nmae;
}

/** A column that may be undefined is one that may be absent. */
export function absent(): void {
  same<Flat<RowOf<{ a: number | undefined }>>, { readonly a?: number }>(true);
  same<Flat<RowOf<{ a?: number | undefined; b: string }>>, { readonly a?: number; readonly b: string }>(true);
  const row: RowOf<{ a: number | undefined }> = {};
  // @ts-expect-error: it may be absent
  const a: number = row.a;
  return void a;
}

/** Of a column of unknown type, any value is read; one that is written has to be a value. */
export function unknownColumn(row: RowOf<{ data: unknown }>, data: unknown): void {
  same<typeof row.data, Value | undefined>(true);
  const value: RowOf<{ data: unknown }> = { data: [1, { a: null }] };
  // @ts-expect-error: it may be a function
  const any: RowOf<{ data: unknown }> = { data };
  return void [value, any];
}

/** What no row can hold. */
export function noValues(): void {
  same<ValueOf<() => void>, never>(true);
  same<ValueOf<symbol | string>, string>(true);
  same<keyof RowOf<{ id: string; save(): void; undo?: () => void }>, "id">(true);
  // @ts-expect-error: a symbol is no value
  const row: RowOf<{ id: string; mark: symbol }> = { id: "a", mark: Symbol() };
  return void row;
}

/** A row of any type is a Row, though an interface has no index signature; the other way it is not. */
export function anyRow(row: RowOf<Client>, any: Row): void {
  const one: Row = row;
  const same: RowOf<Row> = any;
  const back: Row = same;
  const given: RowOf<Client> = MARTY;
  const address: RowOf<Address> = row.address;
  // @ts-expect-error: columns are missing
  const other: RowOf<Client> = any;
  return void [one, back, given, address, other];
}

/** Of a row that nothing is known of, all is as with Row. */
export function untyped(row: RowOf<Row>, object: RowOf<object>): void {
  same<Flat<RowOf<Row>>, Row>(true);
  same<Flat<RowOf<object>>, Row>(true);
  same<ColumnName<Row>, string>(true);
  same<ColumnName<object>, string>(true);
  same<Flat<PatchOf<Row>>, Row>(true);
  same<Draft, { [column: string]: Value }>(true);
  const value: Value | undefined = row.anything ?? object.anything;
  return void value;
}

/** A patch has some columns, each of its type. */
export function patches(): void {
  same<Flat<PatchOf<Order>>, { readonly id?: string; readonly total?: number }>(true);
  const some: PatchOf<Client> = { name: "Doc", age: 65, city: null };
  // @ts-expect-error: there is no such column
  const mistyped: PatchOf<Client> = { nmae: "Doc" };
  // @ts-expect-error: it holds a number
  const wrong: PatchOf<Client> = { age: "old" };
  // @ts-expect-error: it cannot be null
  const none: PatchOf<Client> = { name: null };
  return void [some, mistyped, wrong, none];
}

/** Rows hand out rows of their type. */
export function collections(rows: Rows<Client>): void {
  same<ReturnType<typeof rows.first>, RowEntry<Client> | undefined>(true);
  same<ReturnType<typeof rows.get>, RowOf<Client> | undefined>(true);
  for (const [id, row] of rows) same<[typeof id, typeof row], [string, RowOf<Client>]>(true);
  const any: Rows = rows;
  const map: ReadonlyMap<string, Row> = rows;
  // @ts-expect-error: any rows are not those of clients
  const clients: Rows<Client> = any;
  return void [map, clients];
}

/** That `same` tells types apart. */
export const CONTROL: [Equal<string, Value>, Equal<{ a: 1 }, { readonly a: 1 }>] = [false, false];
