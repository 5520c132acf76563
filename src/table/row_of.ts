import type { Value } from "./row.ts";

/**
 * A row of type `R`, which may be an interface, a type alias or a class: what tables take and give back. It is readonly at
 * every depth, since rows are frozen. A column that may be undefined is optional, since a row never holds `undefined`. What no
 * row can hold, such as a method, is not a column. `RowOf<Row>` is `Row`, and so is `RowOf<object>`.
 *
 * @example A row of an interface
 * ```ts
 * import { MemTable, type RowOf } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * interface Client {
 *   name: string;
 *   tags: string[];
 *   age: number | undefined;
 * }
 *
 * const marty: RowOf<Client> = { name: "Marty", tags: ["guitar"] };
 * const clients = new MemTable<Client>("clients", { rows: [["marty", marty]] });
 *
 * assert.equal((await clients.getValue("marty"))?.tags[0], "guitar");
 * ```
 */
export type RowOf<R extends object> =
  & { readonly [C in [keyof R] extends [never] ? string : never]: Value }
  & { readonly [C in keyof R as R[C] extends NoValue ? never : Presence<C, R[C], C, never>]: ValueOf<R[C]> }
  & { readonly [C in keyof R as R[C] extends NoValue ? never : Presence<C, R[C], never, C>]?: ValueOf<R[C]> };

/** Some columns of a row of type `R`: what a patch changes. */
export type PatchOf<R extends object> =
  & { readonly [C in keyof RowOf<R> as string extends C ? C : never]: RowOf<R>[C] }
  & { readonly [C in keyof RowOf<R> as string extends C ? never : C]?: Exclude<RowOf<R>[C], undefined> };

/** The name of a column of `R`; any string for {@linkcode Row}. */
export type ColumnName<R extends object> = keyof RowOf<R> & string;

/**
 * A value of type `V` as a row holds it: readonly at every depth, without what no row can hold. For `unknown` and `object` it is
 * any {@linkcode Value}.
 */
export type ValueOf<V> = [Value] extends [V] ? Value
  : V extends null | boolean | number | bigint | string | Date | Uint8Array ? V
  : V extends NoValue ? never
  : [keyof V] extends [never] ? Value
  : V extends readonly (infer I)[] ? number extends V["length"] ? readonly ValueOf<I>[] : Frozen<V>
  : Frozen<V>;

/** An object or a tuple as a row holds it. */
export type Frozen<T> = { readonly [K in keyof T]: ValueOf<T[K]> };

/** What no row can hold: methods, symbols, and `undefined`, which is absence. */
export type NoValue = undefined | symbol | ((...input: never[]) => unknown);

/**
 * `Always` for a column `C` of type `V` that every row has, `Sometimes` for one that may be absent. An index signature counts
 * as the first: it says of no column that it is there.
 */
export type Presence<C, V, Always, Sometimes> = undefined extends V ? string extends C ? Always : Sometimes : Always;
