import {
  BUSY_TIMEOUT_MS,
  databaseFile,
  isDamage,
  loadSqlite,
  type SqliteHandle,
  type SqliteOpener,
  SqliteStatements,
} from "./sqlite_handle.ts";
import { describe } from "../../base/describe.ts";
import type { Trace } from "../../trace/tracer.ts";
import { claimInTurn } from "./sqlite_claim.ts";
import { reportDamage } from "./sqlite_damage.ts";
import { createSchema } from "./sqlite_store_schema.ts";

/** The application id of the cache's files: "vLiv". */
const APPLICATION_ID = 0x764c6976;
/** The most damaged files to keep. */
const MAX_SET_ASIDE = 4;
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
    claimInTurn(new SqliteStatements(handle), {
      path: this.#path,
      thing: "a cache",
      applicationId: APPLICATION_ID,
      synchronous: "NORMAL",
      prepare: createSchema,
    });
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

function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // Failing is fine for something that is discarded anyway.
  }
}
