import { ClosedError, UnsupportedError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";

/** What a column of SQLite can be bound to or read as. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/** One row as the driver gives it. */
export type SqliteRow = Record<string, SqliteValue>;

/** A prepared statement, as far as it is used here. */
export interface SqliteStatement {
  /** All rows. */
  all(...params: SqliteValue[]): unknown;
  /** The first row, or `undefined` or `null` if there is none. */
  get(...params: SqliteValue[]): unknown;
  /** Runs it for its effect. */
  run(...params: SqliteValue[]): unknown;
  /** node:sqlite's way to read integers exactly. */
  setReadBigInts?(on: boolean): unknown;
  /** better-sqlite3's way to read integers exactly. */
  safeIntegers?(on: boolean): unknown;
}

/**
 * An open database of better-sqlite3's shape: `node:sqlite`, `bun:sqlite`, better-sqlite3 and `@db/sqlite` all fit. The
 * last and `bun:sqlite` read integers beyond 2^53 exactly only if they were opened to (`int64`, `safeIntegers`).
 */
export interface SqliteHandle {
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
  /** Closes the database. */
  close(): unknown;
}

/** How long a statement waits for another process's lock. */
export const BUSY_TIMEOUT_MS = 5_000;

/** How many prepared statements are kept, and how long one of them may be. */
const [MAX_STATEMENTS, MAX_KEPT_LENGTH] = [128, 65_536];

/** Opens the database file at a path, making it if it is missing. */
export type SqliteOpener = (path: string) => SqliteHandle;

/**
 * The runtime's own SQLite.
 *
 * @throws {UnsupportedError} if it has none (`node:sqlite` is in Deno, Bun, and Node from 22.13); then pass a handle.
 */
export async function loadSqlite(): Promise<SqliteOpener> {
  const sqlite = await import("node:sqlite").catch((cause: unknown) => {
    throw new UnsupportedError("This runtime has no node:sqlite; pass an open handle instead, as of better-sqlite3", {
      cause,
    });
  });
  return (path) => {
    const handle: SqliteHandle = new sqlite.DatabaseSync(path);
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return handle;
  };
}

/** What stands at a path: nothing, a database (an empty file counts as one), or what is left of the beginning of one. */
export type DatabaseFile = "missing" | "database" | "damaged";

/**
 * Looks at a file before SQLite does, whose own error would not tell what is wrong. Only the first bytes are read: what
 * begins as a database does can still be damaged. A file that begins with zeros was lost in a crash.
 *
 * @throws {TypeError} if it is a folder, cannot be read, or was never an SQLite database.
 */
export async function databaseFile(path: string): Promise<DatabaseFile> {
  const { open } = await import("node:fs/promises");
  const file = await open(path).catch((cause: unknown) => {
    const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") return undefined;
    throw new TypeError(`Cannot open the database file ${describe(path)} (${String(code)})`, { cause });
  });
  if (file === undefined) return "missing";
  try {
    if ((await file.stat()).isDirectory()) throw new TypeError(`${describe(path)} is a folder, not an SQLite database`);
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEADER.length), 0, HEADER.length, 0);
    const start = new TextDecoder().decode(buffer.subarray(0, bytesRead));
    if (start === "" || start === HEADER) return "database";
    if (HEADER.startsWith(start) || /^\0+$/.test(start)) return "damaged";
    throw new TypeError(`${describe(path)} is not an SQLite database`);
  } finally {
    await file.close();
  }
}

/** The first bytes of every SQLite database: https://www.sqlite.org/fileformat.html */
const HEADER = "SQLite format 3\0";

/** Runs statements on a handle, preparing each text once. Integers are read exactly. */
export class SqliteStatements {
  readonly #handle: SqliteHandle;
  readonly #prepared = new Map<string, SqliteStatement>();
  #closed = false;

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
  }

  /** The rows that a query finds. */
  all(sql: string, params: readonly SqliteValue[] = []): SqliteRow[] {
    return this.#prepare(sql).all(...params) as SqliteRow[];
  }

  /** The first row that a query finds. A statement that writes must not be run like this, see `write`. */
  get(sql: string, params: readonly SqliteValue[] = []): SqliteRow | undefined {
    return (this.#prepare(sql).get(...params) as SqliteRow | null | undefined) ?? undefined;
  }

  /**
   * Runs a statement that writes and answers with rows. It is run to its end: `get` would stop at the first row, before
   * the commit, and some drivers then tell nobody that the commit failed; so does their `run`.
   */
  write(sql: string, params: readonly SqliteValue[] = []): SqliteRow[] {
    return this.all(sql, params);
  }

  /** Runs a statement that answers nothing. */
  run(sql: string, params: readonly SqliteValue[] = []): void {
    this.#prepare(sql).run(...params);
  }

  /**
   * Runs several statements as one: all of them take effect, or, if `work` throws, none. Within a transaction of the
   * handle's owner it is a part of that. The lock on the database is waited for before anything is read.
   */
  atomically<T>(work: () => T): T {
    if (this.#closed) throw new ClosedError("The table is closed");
    const [commit, undo] = this.#begin();
    try {
      const result = work();
      // Not by `exec`, which in some drivers tells no code of an error.
      this.run(commit);
      return result;
    } catch (error) {
      try {
        this.#handle.exec(undo);
      } catch {
        // A trigger that says ROLLBACK has done so already. The error to report is that of the work.
      }
      throw error;
    }
  }

  #begin(): readonly [commit: string, undo: string] {
    try {
      this.run("BEGIN IMMEDIATE");
      return ["COMMIT", "ROLLBACK"];
    } catch (error) {
      if (isBusy(error)) throw error;
      // There is a transaction already.
      this.#handle.exec("SAVEPOINT vantage_live");
      return ["RELEASE vantage_live", "ROLLBACK TO vantage_live; RELEASE vantage_live"];
    }
  }

  /** Whether a statement can be prepared. It is not run. */
  accepts(sql: string): boolean {
    try {
      this.#handle.prepare(sql);
      return true;
    } catch {
      return false;
    }
  }

  /** Begins a transaction that only reads, unless there is one already; whether it did. */
  tryBegin(): boolean {
    try {
      this.run("BEGIN");
      return true;
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      return false;
    }
  }

  /** What differs whenever a database or its schema has changed, by whomever. A change that is undone counts as well. */
  state(database: string): string {
    const [others] = this.all(`PRAGMA ${quoteName(database)}.data_version`);
    const [own] = this.all("SELECT total_changes() AS own");
    return `${own?.own} ${others?.data_version} ${this.design(database)}`;
  }

  /** What differs whenever the schema of a database has changed. */
  design(database: string): SqliteValue | undefined {
    // Run to its end: after `get`, some drivers keep it going, and nothing can be committed beside it.
    const [found] = this.all(`PRAGMA ${quoteName(database)}.schema_version`);
    return found?.schema_version;
  }

  /** From now on every call is a `ClosedError`. The handle itself is left as it is. */
  close(): void {
    this.#closed = true;
    this.#prepared.clear();
  }

  #prepare(sql: string): SqliteStatement {
    if (this.#closed) throw new ClosedError("The table is closed");
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#handle.prepare(sql);
    if (statement.setReadBigInts !== undefined) statement.setReadBigInts(true);
    else statement.safeIntegers?.(true);
    if (sql.length > MAX_KEPT_LENGTH) return statement;
    if (this.#prepared.size >= MAX_STATEMENTS) this.#prepared.clear();
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** A name as SQL takes it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQLite's extended result code of a driver's error, or its name in better-sqlite3's words; never read off a message. */
export function sqliteCode(error: unknown): number | string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  for (const name of ["errcode", "errno", "code"]) {
    const code: unknown = name in error ? error[name as keyof typeof error] : undefined;
    if (typeof code === "number" || (typeof code === "string" && code.startsWith("SQLITE_"))) return code;
  }
  return undefined;
}

/** Whether an error says that another connection holds the lock that is needed: SQLite's result codes 5 and 6. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" ? [5, 6].includes(code & 0xff) : /^SQLITE_(BUSY|LOCKED)/.test(code ?? "");
}

/** Whether an error says that a database is malformed, or that the file is none: SQLite's result codes 11 and 26. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" ? [11, 26].includes(code & 0xff) : /^SQLITE_(CORRUPT|NOTADB)/.test(code ?? "");
}

/** An integer as a number where it is exact, else as a bigint. */
export function exactInteger(value: number | bigint): number | bigint {
  return typeof value === "bigint" && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}
