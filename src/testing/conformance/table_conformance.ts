import type { ConformanceCase } from "./conformance_case.ts";
import { handleCases } from "./table_handle_cases.ts";
import { keyCases } from "./table_key_cases.ts";
import { manyCases } from "./table_many_cases.ts";
import { recordCases } from "./table_record_cases.ts";
import type { TableHarness } from "./table_harness.ts";
import { queryCases } from "./table_query_cases.ts";
import { readCases } from "./table_read_cases.ts";
import { writeCases } from "./table_write_cases.ts";

export type { OpenTable, TableHarness } from "./table_harness.ts";

/**
 * The promises of `TableLike`, as named cases. A table may refuse operations that its backend does not support, but
 * must support everything in its capabilities.
 *
 * @example Run them against your table
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { tableConformance, type TableHarness } from "@vantage/live/testing";
 *
 * const harness: TableHarness = {
 *   capabilities: new MemTable("empty").capabilities, // better: write them out
 *   idField: undefined,
 *   knowsColumns: false,
 *   keepsOrder: true,
 *   foldsAllLetters: true,
 *   open: (rows) => Promise.resolve({ table: new MemTable("bakery", { rows }), close: () => {} }),
 * };
 *
 * for (const { skip, run } of tableConformance) { // each case is one test: it(name, () => run(harness))
 *   if (skip?.(harness) === undefined) await run(harness);
 * }
 * ```
 */
export const tableConformance: readonly ConformanceCase<TableHarness>[] = [
  ...readCases,
  ...writeCases,
  ...keyCases,
  ...manyCases,
  ...queryCases,
  ...handleCases,
  ...recordCases,
];
