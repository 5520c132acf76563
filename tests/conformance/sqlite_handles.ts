import type { SqliteHandle, SqliteValue } from "@vantage/live/sqlite";

/** Opens a database in memory. */
export type OpenMemory = () => Promise<SqliteHandle>;

/** The drivers that this runtime has, each with the reason why not, if it has it not. */
export const drivers: readonly {
  readonly name: string;
  readonly missing: string | undefined;
  readonly open: OpenMemory;
}[] = [
  { name: "node:sqlite", missing: undefined, open: openNode },
  { name: "a driver as strict as better-sqlite3", missing: undefined, open: openStrict },
  { name: "bun:sqlite", missing: "Bun" in globalThis ? undefined : "bun:sqlite is only in Bun", open: openBun },
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

/** node:sqlite in the manner of better-sqlite3: a statement that answers nothing is run, and no other is. */
async function openStrict(): Promise<SqliteHandle> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(":memory:");
  return {
    prepare: (sql) => {
      const statement = db.prepare(sql);
      const answers = statement.columns().length > 0;
      const check = (wanted: boolean): void => {
        if (answers === wanted) return;
        const use = answers ? "returns data. Use get(), all(), or iterate()" : "does not return data. Use run()";
        throw new TypeError(`This statement ${use} instead: ${sql}`);
      };
      return {
        all: (...params: SqliteValue[]) => (check(true), statement.all(...params)),
        get: (...params: SqliteValue[]) => (check(true), statement.get(...params)),
        run: (...params: SqliteValue[]) => (check(false), statement.run(...params)),
        safeIntegers: (on) => statement.setReadBigInts(on),
      };
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
}
