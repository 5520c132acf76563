import { describe } from "../../base/describe.ts";
import { OutboxError } from "../../table/errors.ts";
import { claimInTurn } from "./sqlite_claim.ts";
import {
  BUSY_TIMEOUT_MS,
  databaseFile,
  isDamage,
  loadSqlite,
  type SqliteHandle,
  SqliteStatements,
} from "./sqlite_handle.ts";
import { createOutboxSchema } from "./sqlite_outbox_schema.ts";

/** The application id of an outbox's files: "vLob". */
const APPLICATION_ID = 0x764c6f62;

/** The path is checked for a deleted or replaced file once in this many calls: that takes a tenth of a durable append. */
const CALLS_PER_LOOK = 16;

/** How durable an outbox in a file is. */
export type SqliteSynchronous = "full" | "normal";

/** The open file of an outbox. It is never replaced, whatever becomes of it. */
export class OutboxFile {
  /** The open database. */
  readonly handle: SqliteHandle;
  readonly #path: string;
  readonly #fs: typeof import("node:fs");
  readonly #inode: bigint | undefined;
  #waits = true;
  #calls = 0;

  private constructor(path: string, handle: SqliteHandle, fs: typeof import("node:fs")) {
    this.handle = handle;
    this.#path = path;
    this.#fs = fs;
    this.#inode = this.#inodeNow();
  }

  /**
   * Opens a file, which is created if missing.
   *
   * @throws {TypeError} if there is no folder for it, or it is not an outbox.
   * @throws {OutboxError} if it is damaged or of a newer version.
   */
  static async open(path: string, synchronous: SqliteSynchronous): Promise<OutboxFile> {
    const fs = await import("node:fs");
    const { dirname } = await import("node:path");
    const kind = await databaseFile(path);
    if (kind === "damaged") throw damaged(path, undefined);
    if (kind === "missing" && !fs.existsSync(dirname(path))) {
      throw new TypeError(`Cannot create the outbox ${describe(path)}: there is no folder ${describe(dirname(path))}`);
    }
    const handle = (await loadSqlite())(path);
    try {
      claim(handle, path, synchronous);
    } catch (cause) {
      handle.close();
      if (isDamage(cause)) throw damaged(path, cause);
      if (cause instanceof TypeError || cause instanceof OutboxError) throw cause;
      throw new TypeError(`Cannot open the outbox ${describe(path)}`, { cause });
    }
    return new OutboxFile(path, handle, fs);
  }

  /**
   * Makes sure, once in some calls, that what is written can be found at the path again.
   *
   * @throws {OutboxError} if the file was deleted or replaced.
   */
  assertThere(): void {
    if (this.#calls++ % CALLS_PER_LOOK !== 0 || this.#inodeNow() === this.#inode) return;
    this.#calls = 0;
    throw new OutboxError(`The outbox ${describe(this.#path)} was deleted or replaced while it was open`);
  }

  /** Records whether a lock was acquired. After a timeout, only the first call waits. */
  waited(got: boolean): void {
    if (got === this.#waits) return;
    this.handle.exec(`PRAGMA busy_timeout = ${got ? BUSY_TIMEOUT_MS : 0}`);
    this.#waits = got;
  }

  close(): void {
    this.handle.close();
  }

  #inodeNow(): bigint | undefined {
    return this.#fs.statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino;
  }
}

function claim(handle: SqliteHandle, path: string, synchronous: SqliteSynchronous): void {
  claimInTurn(new SqliteStatements(handle), {
    path,
    thing: "an outbox",
    applicationId: APPLICATION_ID,
    synchronous: synchronous === "full" ? "FULL" : "NORMAL",
    check: createOutboxSchema,
    prepare: createOutboxSchema,
  });
}

function damaged(path: string, cause: unknown): OutboxError {
  const what = `The outbox ${describe(path)} is damaged, and is left alone: move it away to begin a new one`;
  return new OutboxError(what, { cause });
}
