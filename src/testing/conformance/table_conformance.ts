import type { ConformanceCase } from "./conformance_case.ts";
import { handleCases } from "./table_handle_cases.ts";
import type { TableHarness } from "./table_harness.ts";
import { queryCases } from "./table_query_cases.ts";
import { readCases } from "./table_read_cases.ts";
import { writeCases } from "./table_write_cases.ts";

export type { OpenTable, TableHarness } from "./table_harness.ts";

/**
 * The promises of `TableLike`, as named cases. What a table's backend cannot do it may refuse; what the table says that
 * it can, it must do.
 *
 * @example Run them against a table of your own
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { tableConformance, type TableHarness } from "@vantage/live/testing";
 *
 * const harness: TableHarness = {
 *   capabilities: new MemTable("empty").capabilities, // better: write them down
 *   idField: undefined,
 *   knowsColumns: false,
 *   keepsOrder: true,
 *   foldsAllLetters: true,
 *   open: (rows) => Promise.resolve({ table: new MemTable("bakery", { rows }), close: () => {} }),
 * };
 *
 * for (const { skip, run } of tableConformance) { // each of them is one test: it(name, () => run(harness))
 *   if (skip?.(harness) === undefined) await run(harness);
 * }
 * ```
 */
export const tableConformance: readonly ConformanceCase<TableHarness>[] = [
  ...readCases,
  ...writeCases,
  ...queryCases,
  ...handleCases,
];
