import { LiveTable, MemCache, MemTable, type RowEntry, type TableLike } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { RestTable } from "@vantage/live/rest";
import { SqliteTable } from "@vantage/live/sqlite";
import { type OpenTable, tableConformance, type TableHarness } from "@vantage/live/testing";
import { serve } from "../server/serve.ts";
import { IN_MEMORY, IN_SQLITE, LIVE_IN_SQLITE } from "./abilities.ts";
import { runSuite } from "./run_suite.ts";
import { type KeyType, makeBakery } from "./sqlite_bakery.ts";
import { openNode } from "./sqlite_handles.ts";

suite("RestTable over HTTP over a MemTable", {
  ...IN_MEMORY,
  open: (rows) => overHttp({ table: new MemTable("bakery", { rows }), close: () => {} }),
});

for (const keyType of ["TEXT", "INTEGER"] as const) {
  suite(`RestTable over HTTP over a SqliteTable with a key of type ${keyType}`, {
    ...IN_SQLITE,
    open: async (rows) => overHttp(await inSqlite(keyType, rows)),
  });
}

suite("LiveTable over a RestTable over HTTP over a SqliteTable", {
  ...LIVE_IN_SQLITE,
  open: async (rows) => {
    const { table: master, close } = await overHttp(await inSqlite("TEXT", rows));
    const table = new LiveTable(master, "bakery", new MemCache());
    return {
      table,
      close: async () => {
        await table.close();
        await close();
      },
    };
  },
});

/** A `tableHandler` remembers the keys of writes. */
function suite(title: string, harness: TableHarness): void {
  const capabilities = { ...harness.capabilities, idempotencyKeys: true };
  runSuite(`${title} keeps the promises of TableLike`, tableConformance, () => ({ ...harness, capabilities }));
}

async function inSqlite(keyType: KeyType, rows: readonly RowEntry[]): Promise<OpenTable> {
  const db = await openNode();
  makeBakery(db, keyType, rows);
  return { table: await SqliteTable.open(db, "bakery"), close: () => void db.close() };
}

/** The table as somebody else sees it, through a socket. */
async function overHttp({ table: served, close }: OpenTable): Promise<OpenTable> {
  const handler = tableHandler(served, { writable: true, path: "/bakery" });
  const server = await serve(handler);
  const table: TableLike = await RestTable.open(`${server.url}/bakery`);
  return {
    table,
    close: async () => {
      await server.close();
      await handler.close();
      await close();
    },
  };
}
