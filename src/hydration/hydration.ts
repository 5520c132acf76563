/**
 * Takes what a server has rendered to the browser, for React and every other user interface.
 *
 * @example From the server to the browser
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { dehydrate, hydrate } from "@vantage/live/hydration";
 * import assert from "node:assert/strict";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "</script>" }]] });
 * await using server = new LiveTable(master, "products", new MemCache());
 * await server.observe().ready();
 * const text = dehydrate(server);
 * assert(!text.includes("<"));
 *
 * await using browser = new LiveTable(master, "products", new MemCache());
 * hydrate(browser, text);
 * assert.equal(browser.observe().getSnapshot().rows?.get("a")?.name, "</script>");
 * ```
 *
 * @module
 */

import type { LiveTable } from "../live/live_table.ts";
import type { ShownElsewhere } from "../live/watched_rows.ts";
import { Rows } from "../table/rows.ts";
import { type Json, rowFromWire, rowToWire } from "../wire/wire_value.ts";

/** A key, when its rows were requested, and the rows with their ids. */
type Entry = readonly [key: string, fetchedAt: number, rows: readonly (readonly [id: string, row: Json])[]];

/**
 * What a server has rendered of a table, as a text: JSON that may stand in a `<script type="application/json">`, whatever is
 * in the rows. A server needs a table for each request, or else one user is sent what another one has seen.
 */
export function dehydrate(table: Pick<LiveTable, "exportShown">): string {
  const entries: Entry[] = Array.from(
    table.exportShown(),
    ([key, { rows, fetchedAt }]) => [key, fetchedAt, Array.from(rows, ([id, row]) => [id, rowToWire(row)])],
  );
  return JSON.stringify(entries).replaceAll(/[<\u2028\u2029]/g, escaped);
}

/**
 * Shows in the browser what {@linkcode dehydrate} has made of a table on the server. Call it before `hydrateRoot`, with a table that
 * has the same `cacheKey`. The rows are read again once a component is on the screen that shows them, since nobody knows what
 * has changed in between.
 *
 * @throws {TypeError} if the text is none that `dehydrate` makes.
 * @throws {RangeError} if it is of a table with another `cacheKey`.
 */
export function hydrate(table: Pick<LiveTable, "importShown">, text: string): void {
  table.importShown(shownIn(text));
}

function shownIn(text: string): ReadonlyMap<string, ShownElsewhere> {
  try {
    const entries: readonly Entry[] = JSON.parse(text);
    return new Map(entries.map(([key, fetchedAt, rows]) => [key, {
      fetchedAt: timeIn(fetchedAt),
      rows: Rows.from(rows.map(([id, row]) => [id, rowFromWire(row)])),
    }]));
  } catch (cause) {
    throw new TypeError("Cannot hydrate: the text is not what dehydrate() made", { cause });
  }
}

function timeIn(fetchedAt: unknown): number {
  if (typeof fetchedAt === "number") return fetchedAt;
  throw new TypeError(`A time must be a number, got ${fetchedAt}`);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
