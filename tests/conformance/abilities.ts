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

/** What an `SqliteTable` is. */
export const IN_SQLITE: Omit<TableHarness, "open"> = {
  ...IN_MEMORY,
  idField: "id",
  knowsColumns: true,
  foldsAllLetters: false,
};
