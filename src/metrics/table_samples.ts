import { checkPort } from "../base/check_port.ts";
import { describe } from "../base/describe.ts";
import type { LiveStats } from "../live/live_stats.ts";
import type { CountedTables, Labels, Metric } from "./metric.ts";

/** What has been counted of each table now, by its name. */
export function statsOf(tables: CountedTables): ReadonlyMap<string, LiveStats> {
  return new Map(Object.entries(tables).map(([name, table]) => [name, table.stats()]));
}

/**
 * Refuses what is no object of tables: an array, whose tables would have numbers as their names, or a single table.
 *
 * @throws {TypeError} that names what is accepted.
 */
export function checkTables(tables: CountedTables): void {
  if (typeof tables !== "object" || tables === null || Array.isArray(tables)) {
    throw new TypeError(`Tables must be an object, as in { products, clients }, got ${describe(tables)}`);
  }
  for (const [name, table] of Object.entries(tables)) {
    checkPort(`The table ${describe(name)}`, "a LiveTable", table, ["stats"]);
  }
}

/** The labels of a sample of a table. Metrics of caches have the label that dashboards for caches look for, too. */
export function labelsOf({ name }: Metric, table: string, labels: Labels): Labels {
  return name.startsWith("cache.") ? { cache: table, table, ...labels } : { table, ...labels };
}
