import { describe } from "node:test";
import {
  type Capabilities,
  type Column,
  defineTable,
  LiveTable,
  MemCache,
  MemTable,
  NoCache,
  type Row,
  type RowEntry,
  type TableLike,
} from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { type SqliteHandle, SqliteTable } from "@vantage/live/sqlite";
import { type OpenTable, tableConformance, type TableHarness } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { EVERYTHING, IN_MEMORY, IN_SQLITE, LIVE_IN_MEMORY, LIVE_IN_SQLITE } from "./abilities.ts";
import { runSuite } from "./run_suite.ts";
import { type KeyType, makeBakery } from "./sqlite_bakery.ts";
import { drivers, type OpenMemory, openNode } from "./sqlite_handles.ts";
import { newPath } from "./temp_folder.ts";
import { CloneCache } from "./third_party_cache.ts";

const LIST_ONLY: Capabilities = {
  get: true,
  count: true,
  page: false,
  where: [],
  orderBy: false,
  search: false,
  exact: true,
  sameRows: true,
  idempotencyKeys: false,
  writeMany: false,
  insert: false,
  replace: false,
  patch: false,
  delete: false,
  deleteAll: false,
  insertReturnId: false,
};

const COLUMNS: readonly Column[] = ["id", "name", "price", "stock", "active", "note"].map((name) => ({
  name,
  flags: name === "name" || name === "note" ? ["searchable"] : [],
}));

suite("MemTable", { ...IN_MEMORY, open: (rows) => opened(new MemTable("bakery", { rows })) });

suite("MemTable with columns and an idField", {
  ...IN_MEMORY,
  idField: "id",
  knowsColumns: true,
  open: (rows) => opened(new MemTable("bakery", { rows, columns: COLUMNS, idField: "id" })),
});

suite("defineTable() of a list", {
  ...IN_MEMORY,
  capabilities: LIST_ONLY,
  open: (rows) => opened(defineTable({ name: "bakery", list: () => rows })),
});

suite("defineTable() of a list of bare rows", {
  ...IN_MEMORY,
  capabilities: LIST_ONLY,
  idField: "code",
  open: (rows) => {
    const bare = rows.map(([code, row]) => ({ ...row, code }));
    return opened(defineTable({ name: "bakery", idField: "code", list: () => Promise.resolve(bare) }));
  },
});

suite("defineTable() of one function for each verb, that knows nothing of queries", {
  ...IN_MEMORY,
  capabilities: {
    ...EVERYTHING,
    page: false,
    where: [],
    orderBy: false,
    search: false,
    sameRows: false,
    writeMany: false,
    insertReturnId: false,
  },
  open: (rows) => opened(verbsOnly(rows)),
});

suite("defineTable() of a source that pages, orders and knows few operators", {
  ...IN_MEMORY,
  capabilities: {
    ...LIST_ONLY,
    get: true,
    count: true,
    page: true,
    where: ["eq", "in"],
    exact: false,
    sameRows: false,
  },
  open: (rows) => opened(pagesOnly(rows)),
});

for (const keyType of ["TEXT", "INTEGER"] as const) {
  suite(`SqliteTable in a file, with a key of type ${keyType}`, {
    ...IN_SQLITE,
    open: (rows) => inFile(keyType, rows),
  });

  for (const { name, missing, open } of drivers) {
    const title = `SqliteTable in a handle of ${name}, with a key of type ${keyType}`;
    if (missing === undefined) suite(title, { ...IN_SQLITE, open: (rows) => inHandle(open, keyType, rows) });
    else describe(title, () => skippable("is tried with every case", missing, () => {}));
  }
}

suite("LiveTable over a MemTable, with a MemCache", {
  ...LIVE_IN_MEMORY,
  open: (rows) => live(new LiveTable(new MemTable("bakery", { rows }), "bakery", new MemCache())),
});

suite("LiveTable over a MemTable, with a cache of somebody else's", {
  ...LIVE_IN_MEMORY,
  open: (rows) => live(new LiveTable(new MemTable("bakery", { rows }), "bakery", new CloneCache())),
});

suite("LiveTable over a MemTable, with a NoCache", {
  ...LIVE_IN_MEMORY,
  open: (rows) => live(new LiveTable(new MemTable("bakery", { rows }), "bakery", new NoCache())),
});

suite("LiveTable over a SqliteTable, with a SqliteCache", {
  ...LIVE_IN_SQLITE,
  open: async (rows) => {
    const table = await inHandle(openNode, "TEXT", rows);
    const cache = await SqliteCache.open(newPath("bakery-cache.db"));
    const front = await live(new LiveTable(table.table, "bakery", cache));
    return { table: front.table, close: () => closeAll(front, cache, table) };
  },
});

suite("LiveTable over a LiveTable", {
  ...LIVE_IN_MEMORY,
  open: async (rows) => {
    const back = await live(new LiveTable(new MemTable("bakery", { rows }), "back", new MemCache()));
    const front = await live(new LiveTable(back.table, "front", new MemCache()));
    return { table: front.table, close: () => closeAll(front, back) };
  },
});

suite("LiveTable over a list", {
  ...LIVE_IN_MEMORY,
  capabilities: LIST_ONLY,
  open: (rows) => live(new LiveTable(defineTable({ name: "bakery", list: () => rows }), "bakery", new MemCache())),
});

function suite(title: string, harness: TableHarness): void {
  runSuite(`${title} keeps the promises of TableLike`, tableConformance, () => harness);
}

function opened(table: TableLike): Promise<OpenTable> {
  return Promise.resolve({ table, close: () => {} });
}

function live(table: LiveTable): Promise<OpenTable> {
  return Promise.resolve({ table, close: () => table.close() });
}

async function closeAll(...all: readonly { close(): Promise<void> | void }[]): Promise<void> {
  for (const one of all) await one.close();
}

async function inFile(keyType: KeyType, rows: readonly RowEntry[]): Promise<OpenTable> {
  const path = newPath("bakery.db");
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(path);
  makeBakery(db, keyType, rows);
  db.close();
  const table = await SqliteTable.open(path, "bakery");
  return { table, close: () => table.close() };
}

async function inHandle(open: OpenMemory, keyType: KeyType, rows: readonly RowEntry[]): Promise<OpenTable> {
  const db: SqliteHandle = await open();
  makeBakery(db, keyType, rows);
  return { table: await SqliteTable.open(db, "bakery"), close: () => void db.close() };
}

/** A source that does what its functions say, on all its rows, and leaves every query to the table. */
function verbsOnly(entries: readonly RowEntry[]): TableLike {
  const rows = new Map(entries);
  const store = (id: string, row: Row): Row => {
    rows.set(id, row);
    return row;
  };
  const missing = new MemTable("missing");
  return defineTable({
    name: "bakery",
    list: () => rows,
    get: (id) => rows.get(id),
    count: () => rows.size,
    insert: (id, row) => rows.get(id) ?? store(id, row),
    replace: store,
    patch: (id, partial) => {
      const row = rows.get(id);
      return row === undefined ? missing.patchValue(id, partial) : store(id, { ...row, ...partial });
    },
    delete: (id) => void rows.delete(id),
    deleteAll: () => rows.clear(),
  });
}

/** A source behind an interface that takes pages and a few conditions, as many REST services have it. */
function pagesOnly(entries: readonly RowEntry[]): TableLike {
  const behind = new MemTable("behind", { rows: entries });
  return defineTable({
    name: "bakery",
    capabilities: { page: true, where: ["eq", "in"] },
    list: ({ query }) => behind.withQuery(query).listValues(),
    get: (id, { query }) => behind.withQuery(query).getValue(id),
    count: ({ query }) => behind.withQuery(query).getCount(),
  });
}
