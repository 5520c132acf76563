import type { WriteOptions } from "./table_like.ts";

/** The same in all copies of this module. Checks of options and the tables of users do not see it. */
const HANDLED: unique symbol = Symbol.for("@vantage/live/handledRefusal");

/**
 * The same options for a write whose caller awaits its answer, and does something else where it finds no row: then there is
 * nothing to keep and nothing to report.
 */
export function handlingNotFound(options: WriteOptions): WriteOptions {
  const handling: WriteOptions & { readonly [HANDLED]: true } = { ...options, [HANDLED]: true };
  return handling;
}

/** Whether the caller of a write handles that it finds no row. */
export function handlesNotFound(options: WriteOptions): boolean {
  return HANDLED in options;
}
