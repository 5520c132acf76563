import type { SqliteHandle } from "@vantage/live/cache/sqlite";

/** Opens a database in memory. */
export type OpenMemory = () => Promise<SqliteHandle>;

/** The drivers that this runtime has, each with the reason why not, if it has it not. */
export const drivers: readonly {
  readonly name: string;
  readonly missing: string | false;
  readonly open: OpenMemory;
}[] = [
  { name: "node:sqlite", missing: false, open: openNode },
  { name: "bun:sqlite", missing: "Bun" in globalThis ? false : "bun:sqlite is only in Bun", open: openBun },
];

/** A database in memory, opened with the driver that every runtime has. */
export async function openNode(): Promise<SqliteHandle> {
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(":memory:");
}

async function openBun(): Promise<SqliteHandle> {
  // A name that the other runtimes must not try to resolve.
  const driver: string = "bun:sqlite";
  const { Database } = await import(driver);
  return new Database(":memory:", { safeIntegers: true });
}
