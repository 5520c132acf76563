import {
  BUSY_TIMEOUT_MS,
  databaseFile,
  isDamage,
  loadSqlite,
  sqliteCode,
  type SqliteHandle,
  type SqliteOpener,
  SqliteStatements,
} from "./sqlite_handle.ts";
import { describe } from "../../base/describe.ts";
import type { Trace } from "../../trace/tracer.ts";
import { reportDamage } from "./sqlite_damage.ts";
import { createSchema } from "./sqlite_store_schema.ts";

/** The application id of the cache's files: "vLiv". */
const APPLICATION_ID = 0x764c6976;
/** The size limit of the write-ahead log: the length at which SQLite checkpoints it, in pages of 4 KiB. */
const MAX_LOG_BYTES = 1_000 * 4_096;
/** The most damaged files to keep. */
const MAX_SET_ASIDE = 4;
/** How often opening a file yields to other processes. */
const MAX_TURNS = 20;
/** An inode that no file has, so that any file at the path counts as another one. */
const NO_INODE = -1n;

/** The file of a cache: opens it, and replaces it when it is damaged. */
export class CacheFile {
  readonly #path: string;
  readonly #trace: Trace | undefined;
  readonly #fs: typeof import("node:fs");
  readonly #openHandle: SqliteOpener;
  #inode: bigint | undefined;
  #waits = true;

  private constructor(
    path: string,
    trace: Trace | undefined,
    fs: typeof import("node:fs"),
    openHandle: SqliteOpener,
  ) {
    this.#path = path;
    this.#trace = trace;
    this.#fs = fs;
    this.#openHandle = openHandle;
  }

  static async at(path: string, trace: Trace | undefined): Promise<CacheFile> {
    const fs = await import("node:fs");
    const { dirname } = await import("node:path");
    if (await databaseFile(path) === "missing" && !fs.existsSync(dirname(path))) {
      throw new TypeError(`Cannot create the cache ${describe(path)}: there is no folder ${describe(dirname(path))}`);
    }
    return new CacheFile(path, trace, fs, await loadSqlite());
  }

  /**
   * Opens the database for the first time.
   *
   * @throws {TypeError} that names the path, which SQLite's errors do not.
   */
  openFirst(): SqliteHandle {
    try {
      return this.open();
    } catch (cause) {
      throw cause instanceof TypeError
        ? cause
        : new TypeError(`Cannot open the cache ${describe(this.#path)}`, { cause });
    }
  }

  /** Opens the file's database, or an empty one in its place if it is damaged. */
  open(): SqliteHandle {
    const handle = this.#openHandle(this.#path);
    try {
      return this.#claimed(handle);
    } catch (error) {
      if (isDamage(error)) return this.#replace(handle, error);
      handle.close();
      throw error;
    }
  }

  /** The database to use after an error, or `undefined` if the error has nothing to do with the file. */
  recover(handle: SqliteHandle, error: unknown): SqliteHandle | undefined {
    return this.reopen(handle) ?? (isDamage(error) ? this.#replace(handle, error) : undefined);
  }

  /** The database now at the path, or `undefined` if it is still the open one. */
  reopen(handle: SqliteHandle): SqliteHandle | undefined {
    if (this.#inodeNow() === this.#inode) return undefined;
    this.close(handle);
    return this.open();
  }

  /** Records whether a lock was acquired. After a timeout, only the first call waits. */
  waited(handle: SqliteHandle, got: boolean): void {
    if (got === this.#waits) return;
    handle.exec(`PRAGMA busy_timeout = ${got ? BUSY_TIMEOUT_MS : 0}`);
    this.#waits = got;
  }

  close(handle: SqliteHandle): void {
    // It is already closed if the last attempt to reopen the file failed.
    attempt(() => handle.close());
  }

  /** Renames the file and opens an empty one. */
  #replace(handle: SqliteHandle, error: unknown): SqliteHandle {
    reportDamage(this.#trace, "file set aside", error);
    // Other processes would keep serving from the renamed file without receiving any invalidation. Now they fail there
    // and find the replacement. If even this write fails, they run into the damage themselves.
    attempt(() => handle.exec("DROP TABLE vantage_scope"));
    this.close(handle);
    // If the file cannot be renamed now, for example in a read-only folder, the next call tries again.
    this.#inode = NO_INODE;
    const aside = this.#nameAside();
    for (const suffix of ["", "-wal", "-shm"]) {
      if (this.#fs.existsSync(this.#path + suffix)) this.#fs.renameSync(this.#path + suffix, aside + suffix);
    }
    return this.#claimed(this.#openHandle(this.#path));
  }

  #claimed(handle: SqliteHandle): SqliteHandle {
    claimInTurn(new SqliteStatements(handle), this.#path);
    this.#inode = this.#inodeNow();
    this.#waits = true;
    return handle;
  }

  #inodeNow(): bigint | undefined {
    return this.#fs.statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino;
  }

  #nameAside(): string {
    for (let number = 1; number < MAX_SET_ASIDE; number++) {
      if (!this.#fs.existsSync(`${this.#path}.damaged-${number}`)) return `${this.#path}.damaged-${number}`;
    }
    return `${this.#path}.damaged-${MAX_SET_ASIDE}`;
  }
}

/**
 * SQLite does not wait for locks while it switches a new file to WAL, so other processes are let through explicitly.
 */
function claimInTurn(db: SqliteStatements, path: string): void {
  for (let turn = 1;; turn++) {
    try {
      return claim(db, path);
    } catch (error) {
      if (!isBusy(error) || turn === MAX_TURNS) throw error;
      db.run("BEGIN EXCLUSIVE");
      db.run("COMMIT");
    }
  }
}

/**
 * Makes sure that a database is one of our caches or empty, and creates our tables. Counts the tables before it reads
 * the application id, since a process that creates the file at the same moment sets the id first. Uses prepared
 * statements only, since Deno gives no result code for errors of `exec`.
 */
function claim(db: SqliteStatements, path: string): void {
  const tables = Number(db.get("SELECT count(*) AS n FROM sqlite_schema")?.n);
  const mark = Number(db.get("PRAGMA application_id")?.application_id);
  if (mark !== APPLICATION_ID && tables > 0) {
    throw new TypeError(`${describe(path)} is another application's database, not a cache`);
  }
  db.write("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  // A long-running reader prevents the log from being reused from its start. Without a limit, it would stay that long.
  db.write(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
  if (mark !== APPLICATION_ID) db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  createSchema(db);
}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // Failing is fine for something that is discarded anyway.
  }
}

/** SQLite's result code for a lock that another connection holds. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" && (code & 0xff) === 5;
}
