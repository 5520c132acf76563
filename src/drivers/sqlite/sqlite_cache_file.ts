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

/** Marks a file as one of these caches: "vLiv". */
const APPLICATION_ID = 0x764c6976;
/** Of the write-ahead log beside the file: as long as it is before SQLite copies it into the file, in pages of 4 KiB. */
const MAX_LOG_BYTES = 1_000 * 4_096;
/** How many damaged files are kept. */
const MAX_SET_ASIDE = 4;
/** How often opening a file lets other processes through. */
const MAX_TURNS = 20;
/** The inode of no file: whatever stands at the path is another one. */
const NO_INODE = -1n;

/** The file of a cache: how it is opened, and replaced when it is damaged. */
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
      throw new TypeError(`Cannot make the cache ${describe(path)}: there is no folder ${describe(dirname(path))}`);
    }
    return new CacheFile(path, trace, fs, await loadSqlite());
  }

  /**
   * The database to begin with.
   *
   * @throws {TypeError} if it cannot be opened: what SQLite says does not name the path.
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

  /** The file's database, or an empty one in its place if it is damaged. */
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

  /** The database to go on with after an error, or `undefined` if the error is not the file's. */
  recover(handle: SqliteHandle, error: unknown): SqliteHandle | undefined {
    return this.reopen(handle) ?? (isDamage(error) ? this.#replace(handle, error) : undefined);
  }

  /** The database that stands at the path now, or `undefined` if it still is the one that was opened. */
  reopen(handle: SqliteHandle): SqliteHandle | undefined {
    if (this.#inodeNow() === this.#inode) return undefined;
    this.close(handle);
    return this.open();
  }

  /** Tells that a lock was waited for, and whether it was got. While it is not, only the first call waits. */
  waited(handle: SqliteHandle, got: boolean): void {
    if (got === this.#waits) return;
    handle.exec(`PRAGMA busy_timeout = ${got ? BUSY_TIMEOUT_MS : 0}`);
    this.#waits = got;
  }

  close(handle: SqliteHandle): void {
    // It is closed already where the last attempt to open the file again failed.
    attempt(() => handle.close());
  }

  /** Sets the file aside and opens an empty one. */
  #replace(handle: SqliteHandle, error: unknown): SqliteHandle {
    reportDamage(this.#trace, "file set aside", error);
    // Other processes would go on serving from the file, and hear of no invalidation any more: now they fail there, and
    // find that it was replaced. Where not even this can be written, they meet the damage themselves.
    attempt(() => handle.exec("DROP TABLE vantage_scope"));
    this.close(handle);
    // If it cannot be set aside now, as in a read-only folder, the next call tries again.
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

/** For its switch to WAL, SQLite does not wait for others that open the same new file: they have to be let through. */
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
 * Makes sure that a database is a cache of ours, or empty, and has our tables. The tables are counted before the mark is
 * read: a process that makes the file at the same moment sets the mark first. All in prepared statements, since Deno
 * gives no result code for an error of `exec`.
 */
function claim(db: SqliteStatements, path: string): void {
  const tables = Number(db.get("SELECT count(*) AS n FROM sqlite_schema")?.n);
  const mark = Number(db.get("PRAGMA application_id")?.application_id);
  if (mark !== APPLICATION_ID && tables > 0) {
    throw new TypeError(`${describe(path)} is a database of something else, not a cache`);
  }
  db.write("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  // A reader that takes long keeps it from being written from its beginning again; without a limit it would stay as long.
  db.write(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
  if (mark !== APPLICATION_ID) db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  createSchema(db);
}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // What is given up anyway may fail.
  }
}

/** SQLite's result code for a lock that another connection holds. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" && (code & 0xff) === 5;
}
