import { type Capabilities, OPERATORS } from "@vantage/live";
import type { TableHarness } from "@vantage/live/testing";

/** What a table can do that can do everything. */
export const EVERYTHING: Capabilities = {
  get: true,
  count: true,
  page: true,
  where: OPERATORS,
  orderBy: true,
  search: true,
  exact: true,
  sameRows: true,
  idempotencyKeys: false,
  writeMany: true,
  insert: true,
  replace: true,
  patch: true,
  delete: true,
  deleteAll: true,
  insertReturnId: true,
};

/** What a `MemTable` is, which knows nothing of its columns. */
export const IN_MEMORY: Omit<TableHarness, "open"> = {
  capabilities: EVERYTHING,
  idField: undefined,
  knowsColumns: false,
  keepsOrder: true,
  foldsAllLetters: true,
};

/** What a `LiveTable` over one of them is: it does one write after the other itself. */
export const LIVE_IN_MEMORY: Omit<TableHarness, "open"> = {
  ...IN_MEMORY,
  capabilities: { ...EVERYTHING, writeMany: false },
};

/** What an `SqliteTable` is. */
export const IN_SQLITE: Omit<TableHarness, "open"> = {
  ...IN_MEMORY,
  idField: "id",
  knowsColumns: true,
  foldsAllLetters: false,
};

/** What a `LiveTable` over one of them is. */
export const LIVE_IN_SQLITE: Omit<TableHarness, "open"> = {
  ...IN_SQLITE,
  capabilities: LIVE_IN_MEMORY.capabilities,
};
