import { LiveTable, type LiveTableOptions, MemCache, MemTable } from "@vantage/live";

/** A way to use this module; each line is measured in both. */
export interface Mode {
  readonly name: "today" | "now";
  readonly options: LiveTableOptions;
}

/** Each change drops everything that is held; or only what it changed. */
export const TODAY: Mode = { name: "today", options: { invalidation: "all" } };
export const NOW: Mode = { name: "now", options: { invalidation: "surgical" } };

/** The options, if a table takes them. */
export function optionsOf(options: object): LiveTableOptions | undefined {
  try {
    new LiveTable(new MemTable("products"), "products", new MemCache(), options);
    return options;
  } catch {
    return undefined;
  }
}
