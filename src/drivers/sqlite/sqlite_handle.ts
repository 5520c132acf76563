import { ClosedError, UnsupportedError } from "../../table/errors.ts";
import { type Settled, settled } from "../../table/many_writes.ts";
import { describe } from "../../base/describe.ts";

/** A value that SQLite can bind and return. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/** A row as returned by the driver. */
export type SqliteRow = Record<string, SqliteValue>;

/** The part of a prepared statement that is used here. */
export interface SqliteStatement {
  /** Returns all rows. */
  all(...params: SqliteValue[]): unknown;
  /** Returns the first row, or `undefined` or `null` if there is none. */
  get(...params: SqliteValue[]): unknown;
  /** Runs the statement without reading rows. */
  run(...params: SqliteValue[]): unknown;
  /** Makes node:sqlite read integers exactly. */
  setReadBigInts?(on: boolean): unknown;
  /** Makes better-sqlite3 read integers exactly. */
  safeIntegers?(on: boolean): unknown;
}

/**
 * An open database like better-sqlite3's: `node:sqlite`, `bun:sqlite`, better-sqlite3 and `@db/sqlite` all fit.
 * `@db/sqlite` and `bun:sqlite` read integers beyond 2^53 exactly only if opened with `int64` or `safeIntegers`.
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

/** The most prepared statements to keep, and the longest one. */
const [MAX_STATEMENTS, MAX_KEPT_LENGTH] = [128, 65_536];

/** Opens the database file at a path, creating it if missing. */
export type SqliteOpener = (path: string) => SqliteHandle;

/**
 * Loads the runtime's built-in SQLite.
 *
 * @throws {UnsupportedError} if there is none (`node:sqlite` is in Deno, Bun, and Node from 22.13); then pass a handle.
 */
export async function loadSqlite(): Promise<SqliteOpener> {
  const sqlite = await import("node:sqlite").catch((cause: unknown) => {
    throw new UnsupportedError(
      "This runtime has no node:sqlite; pass an open handle instead, such as better-sqlite3's",
      {
        cause,
      },
    );
  });
  return (path) => {
    const handle: SqliteHandle = new sqlite.DatabaseSync(path);
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return handle;
  };
}

/** What a path has: nothing, a database (possibly an empty file), or the incomplete start of one. */
export type DatabaseFile = "missing" | "database" | "damaged";

/**
 * Checks a file before SQLite opens it, since SQLite's errors do not say what is wrong. Reads only the first bytes, so
 * the rest may still be damaged. A file that starts with zeros was lost in a crash.
 *
 * @throws {TypeError} if it is a folder, cannot be read, or is not an SQLite database.
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

/** The statements that end a transaction or a savepoint. */
type Bounds = readonly [commit: string, undo: string];

const WHOLE: Bounds = ["COMMIT", "ROLLBACK"];

/** Those of a savepoint within a transaction. */
const INSIDE: Bounds = ["RELEASE vantage_live", "ROLLBACK TO vantage_live; RELEASE vantage_live"];

/** Runs statements on a handle, preparing each text once. Reads integers exactly. */
export class SqliteStatements {
  readonly #handle: SqliteHandle;
  readonly #prepared = new Map<string, SqliteStatement>();
  /** Whether a transaction of ours is open. */
  #inTransaction = false;
  #closed = false;

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
  }

  /** Returns the rows of a query. */
  all(sql: string, params: readonly SqliteValue[] = []): SqliteRow[] {
    return this.#prepare(sql).all(...params) as SqliteRow[];
  }

  /** Returns the first row of a query. Do not use it for a statement that writes, see `write`. */
  get(sql: string, params: readonly SqliteValue[] = []): SqliteRow | undefined {
    return (this.#prepare(sql).get(...params) as SqliteRow | null | undefined) ?? undefined;
  }

  /**
   * Runs a statement that writes and returns rows, to its end. `get` would stop at the first row, before the commit,
   * and some drivers then hide that the commit failed; so does their `run`.
   */
  write(sql: string, params: readonly SqliteValue[] = []): SqliteRow[] {
    return this.all(sql, params);
  }

  /** Runs a statement that returns nothing. */
  run(sql: string, params: readonly SqliteValue[] = []): void {
    this.#prepare(sql).run(...params);
  }

  /**
   * Runs several statements atomically: if `work` throws, none takes effect. Inside a transaction of the handle's owner
   * it becomes a savepoint. Acquires the write lock before reading anything.
   */
  atomically<T>(work: () => T): T {
    if (this.#closed) throw new ClosedError("The table is closed");
    return this.#toTheEnd(this.#begin(), work);
  }

  /** Like `atomically`, but throws inside a transaction of the handle's owner, who could still roll everything back. */
  inTransaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    return this.#toTheEnd(WHOLE, work);
  }

  #toTheEnd<T>([commit, undo]: Bounds, work: () => T): T {
    const isOuter = !this.#inTransaction;
    this.#inTransaction = true;
    try {
      const result = work();
      // Not by `exec`, whose errors have no code in some drivers.
      this.run(commit);
      return result;
    } catch (error) {
      try {
        this.#handle.exec(undo);
      } catch {
        // A trigger may have rolled back already. The error to report is that of the work.
      }
      throw error;
    } finally {
      if (isOuter) this.#inTransaction = false;
    }
  }

  /**
   * Runs each piece of work atomically, all of them in one transaction, which is committed once: so one that throws does not
   * undo the others. Where a transaction cannot hold them together, as when a trigger rolls it back or a constraint is
   * checked only at the end, each runs in a separate one.
   *
   * @throws the driver's error if no transaction can begin.
   */
  eachAtomically<T>(works: readonly (() => T)[]): readonly Settled<T>[] {
    if (works.length < 2) return works.map(settled);
    let hasBegun = false;
    try {
      return this.atomically(() => {
        hasBegun = true;
        this.run(`SAVEPOINT ${ALL}`);
        return works.map((work) => this.#settledInside(work));
      });
    } catch (error) {
      if (!hasBegun || isBusy(error)) throw error;
      return works.map(settled);
    }
  }

  #settledInside<T>(work: () => T): Settled<T> {
    const result = settled(work);
    // Fails if the transaction is gone, and with it what was done before.
    if ("error" in result) this.#handle.exec(`RELEASE ${ALL}; SAVEPOINT ${ALL}`);
    return result;
  }

  #begin(): Bounds {
    if (this.#inTransaction) {
      this.run("SAVEPOINT vantage_live");
      return INSIDE;
    }
    try {
      this.run("BEGIN IMMEDIATE");
      return WHOLE;
    } catch (error) {
      if (isBusy(error)) throw error;
      // The caller already has a transaction.
      this.#handle.exec("SAVEPOINT vantage_live");
      return INSIDE;
    }
  }

  /** Whether a statement can be prepared. Does not run it. */
  accepts(sql: string): boolean {
    try {
      this.#handle.prepare(sql);
      return true;
    } catch {
      return false;
    }
  }

  /** Begins a read transaction and returns `true`, or `false` if there already is a transaction. */
  tryBegin(): boolean {
    try {
      this.run("BEGIN");
      return true;
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      return false;
    }
  }

  /**
   * A text that changes with every change of a database or its schema by any connection, even one that is rolled back.
   */
  state(database: string): string {
    const [others] = this.all(`PRAGMA ${quoteName(database)}.data_version`);
    const [own] = this.all("SELECT total_changes() AS own");
    return `${own?.own} ${others?.data_version} ${this.schemaVersion(database)}`;
  }

  /** A value that changes with every change of the schema. */
  schemaVersion(database: string): SqliteValue | undefined {
    // Run to its end: after `get`, some drivers keep the statement open, which blocks commits.
    const [found] = this.all(`PRAGMA ${quoteName(database)}.schema_version`);
    return found?.schema_version;
  }

  /** Makes every later call throw a `ClosedError`. Does not close the handle. */
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

/** The savepoint that all of several pieces of work are in. */
const ALL = "vantage_live_all";

/** Quotes a name for SQL, whatever it contains. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * SQLite's extended result code of a driver's error, or its name as given by better-sqlite3. Never parsed from a
 * message.
 */
export function sqliteCode(error: unknown): number | string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  for (const name of ["errcode", "errno", "code"]) {
    const code: unknown = name in error ? error[name as keyof typeof error] : undefined;
    if (typeof code === "number" || (typeof code === "string" && code.startsWith("SQLITE_"))) return code;
  }
  return undefined;
}

/** Whether an error means that another connection holds a lock: SQLite's result codes 5 and 6. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" ? [5, 6].includes(code & 0xff) : /^SQLITE_(BUSY|LOCKED)/.test(code ?? "");
}

/** Whether an error means that a database is malformed or not a database: SQLite's result codes 11 and 26. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" ? [11, 26].includes(code & 0xff) : /^SQLITE_(CORRUPT|NOTADB)/.test(code ?? "");
}

/** An integer as a number if that is exact, otherwise as a bigint. */
export function exactInteger(value: number | bigint): number | bigint {
  return typeof value === "bigint" && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}
