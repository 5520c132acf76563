import { describe } from "../base/describe.ts";
import { type Link, related } from "./related_table.ts";
import type { TableLike } from "./table_like.ts";

/** A related table, made when it is asked for, and how its rows are found. {@linkcode hasOne} and {@linkcode hasMany} make one. */
export interface Relation {
  (): TableLike;
  /** How rows are linked. */
  readonly link: Link;
  /** The rows of `to` that the rows of `from` are linked with. It is here, so that only programs that use relations bundle it. */
  readonly follow: (from: TableLike, to: TableLike) => TableLike;
}

/** A related table, made when it is asked for. Without a link it is all of it, whatever set it is asked of. */
export type Ref = (() => TableLike) | Relation;

/** Related tables by name. */
export type Refs = Readonly<Record<string, Ref>>;

/**
 * The relation of rows that refer to one row of `table` each, by the id that is in their `column`.
 *
 * @throws {TypeError} if `table` is no function, or `column` no name.
 *
 * @example The clients of some orders
 * ```ts
 * import { hasOne, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const clients = new MemTable("clients", { rows: [["marty", { name: "Marty" }], ["doc", { name: "Doc" }]], idField: "id" });
 * const orders = new MemTable("orders", {
 *   rows: [["1", { client_id: "marty", paid: true }], ["2", { client_id: "doc", paid: false }]],
 *   refs: { client: hasOne(() => clients, "client_id") },
 * });
 *
 * const paying = await orders.where({ paid: true }).getRef("client").listValues();
 *
 * assert.deepEqual(paying.ids(), ["marty"]);
 * ```
 */
export function hasOne(table: () => TableLike, column: string): Relation {
  return relation("hasOne", table, { from: column, to: undefined }, column);
}

/**
 * The relation of rows that any number of rows of `table` refer to, by the id that is in their `column`.
 *
 * @throws {TypeError} if `table` is no function, or `column` no name.
 *
 * @example The orders of some clients
 * ```ts
 * import { hasMany, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const orders = new MemTable("orders", { rows: [["1", { client_id: "marty" }], ["2", { client_id: "doc" }]] });
 * const clients = new MemTable("clients", {
 *   rows: [["marty", { vip: true }], ["doc", { vip: false }]],
 *   refs: { orders: hasMany(() => orders, "client_id") },
 * });
 *
 * assert.deepEqual((await clients.where({ vip: true }).getRef("orders").listValues()).ids(), ["1"]);
 * ```
 */
export function hasMany(table: () => TableLike, column: string): Relation {
  return relation("hasMany", table, { from: undefined, to: column }, column);
}

/**
 * Refuses what are no related tables.
 *
 * @throws {TypeError} that names whose they are, and what was given.
 */
export function checkRefs(whose: string, refs: Refs | undefined): void {
  if (refs === undefined) return;
  const values: readonly unknown[] = typeof refs === "object" && refs !== null ? Object.values(refs) : [refs];
  const wrong = values.findIndex((value) => typeof value !== "function" || typeof refs !== "object");
  if (wrong === -1) return;
  throw new TypeError(`refs of ${whose} must be an object of functions, got ${describe(values[wrong])}`);
}

/** The related table of a set, or those of its rows that the rows of the set are linked with; `to` stands for the table. */
export function followRef(ref: Ref, from: TableLike, to: TableLike = ref()): TableLike {
  return isRelation(ref) ? ref.follow(from, to) : to;
}

/** Whether it says how rows are linked. */
export function isRelation(ref: Ref): ref is Relation {
  return "follow" in ref;
}

function relation(kind: string, table: () => TableLike, link: Link, column: string): Relation {
  if (typeof table !== "function") {
    throw new TypeError(`${kind}() takes a function that returns a table, got ${describe(table)}`);
  }
  if (typeof column !== "string" || column === "") {
    throw new TypeError(`${kind}() takes the name of a column, got ${describe(column)}`);
  }
  return Object.assign(() => table(), { link, follow: (from: TableLike, to: TableLike) => related(from, link, to) });
}
