import { DatabaseSync } from "node:sqlite";
import { defineTable, NotFoundError, type Row, type TableLike } from "@vantage/live";

/** The rows that are there from the beginning. */
export const FIRST_ROWS: readonly string[] = ["r0", "r1", "r2", "r3", "r4", "r5"];

/** What was done to a row, in order. */
export interface Effect {
  /** The idempotency key of the write. */
  readonly key: string;
  /** The id that the row has here. */
  readonly id: string;
}

/** A request to write, whether it was done or not, in order. */
export interface Asked {
  readonly key: string;
  /** The process that sent it. */
  readonly writer: number;
  /** The term of the lease under which it was marked as sent. */
  readonly term: number;
}

/** How a write ends that came for the second time. */
type Work = () => Row | string | undefined;

/**
 * A master in a file that honours idempotency keys: what a write does, and what it is answered, are stored in one
 * transaction, so it does no write twice, however often it dies.
 */
export class KeptMaster implements Disposable {
  readonly #db: DatabaseSync;

  /** Opens or makes the file. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS row (id TEXT PRIMARY KEY, body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS effect (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, id TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, body TEXT);
      CREATE TABLE IF NOT EXISTS asked
        (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, writer INTEGER NOT NULL, term INTEGER NOT NULL)`);
    for (const id of FIRST_ROWS) this.#run("INSERT OR IGNORE INTO row VALUES (?, '{}')", id);
  }

  /** The table to serve. */
  get table(): TableLike {
    return defineTable({
      name: "notes",
      capabilities: { idempotencyKeys: true },
      list: () => this.#all("SELECT id, body FROM row").map(({ id, body }) => [String(id), JSON.parse(String(body))]),
      get: (id) => this.#row(id),
      insert: (id, row, { idempotencyKey }) => this.#once(idempotencyKey, id, () => this.#put(id, row)) as Row,
      patch: (id, partial, { idempotencyKey }) =>
        this.#once(idempotencyKey, id, () => {
          const row = this.#row(id);
          if (row === undefined) throw new NotFoundError(`There is no row ${id}`);
          return this.#put(id, { ...row, ...partial });
        }) as Row,
      delete: (id, { idempotencyKey }) =>
        void this.#once(idempotencyKey, id, () => void this.#run("DELETE FROM row WHERE id = ?", id)),
      insertReturnId: (row, { idempotencyKey }) => {
        // It chooses its ids itself, so that what follows an insertion has to follow its id.
        const id = `m-${idempotencyKey}`;
        return this.#once(idempotencyKey, id, () => {
          this.#put(id, row);
          return id;
        }) as string;
      },
    });
  }

  /** Records a request. */
  asked({ key, writer, term }: Asked): void {
    this.#run("INSERT INTO asked (key, writer, term) VALUES (?, ?, ?)", key, writer, term);
  }

  /** Whether a write was done. */
  has(key: string): boolean {
    return this.#all("SELECT 1 FROM answer WHERE key = ?", key).length > 0;
  }

  /** All that was done. */
  effects(): readonly Effect[] {
    return this.#all("SELECT key, id FROM effect ORDER BY seq").map(({ key, id }) => ({ key: `${key}`, id: `${id}` }));
  }

  /** All requests to write. */
  requests(): readonly Asked[] {
    return this.#all("SELECT key, writer, term FROM asked ORDER BY seq")
      .map(({ key, writer, term }) => ({ key: `${key}`, writer: Number(writer), term: Number(term) }));
  }

  /** The rows. */
  rows(): ReadonlyMap<string, Row> {
    return new Map(this.#all("SELECT id, body FROM row").map(({ id, body }) => [`${id}`, JSON.parse(`${body}`)]));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #once(key: string | undefined, id: string, work: Work): ReturnType<Work> {
    if (key === undefined) throw new TypeError("A write without a key");
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const [known] = this.#all("SELECT body FROM answer WHERE key = ?", key);
      const answer = known === undefined ? work() : JSON.parse(String(known.body)) ?? undefined;
      if (known === undefined) {
        this.#run("INSERT INTO effect (key, id) VALUES (?, ?)", key, id);
        this.#run("INSERT INTO answer VALUES (?, ?)", key, JSON.stringify(answer ?? null));
      }
      this.#db.exec("COMMIT");
      return answer;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #put(id: string, row: Row): Row {
    this.#run("INSERT OR REPLACE INTO row VALUES (?, ?)", id, JSON.stringify(row));
    return row;
  }

  #row(id: string): Row | undefined {
    const [found] = this.#all("SELECT body FROM row WHERE id = ?", id);
    return found === undefined ? undefined : JSON.parse(String(found.body));
  }

  #all(sql: string, ...params: (string | number)[]): Record<string, unknown>[] {
    return this.#db.prepare(sql).all(...params) as Record<string, unknown>[];
  }

  #run(sql: string, ...params: (string | number)[]): void {
    this.#db.prepare(sql).run(...params);
  }
}
