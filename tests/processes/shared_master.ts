import { DatabaseSync } from "node:sqlite";

/** How many rows there are; the first of them belong to one process each, the others to all. */
export const ROW_COUNT = 8;
/** How many rows belong to one process each. */
export const OWNED_COUNT = 4;

/**
 * The master that processes share, in a file of its own. The version of a row only grows. Its text follows from id and
 * version, and all rows have the same epoch, so that nothing can be put together out of two things unnoticed. Once a
 * change is settled, which is when the cache has dropped what was before it, all processes know.
 */
export class SharedMaster implements Disposable {
  readonly #db: DatabaseSync;

  /** Opens the file at a path, as one of many that do. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA busy_timeout = 20000");
  }

  /** Makes the file. Each row has so many bytes. */
  static create(path: string, rowBytes: number): void {
    const db = new DatabaseSync(path);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    db.exec(`CREATE TABLE truth (
      id TEXT PRIMARY KEY, version INTEGER NOT NULL, epoch INTEGER NOT NULL,
      filler INTEGER NOT NULL, text TEXT GENERATED ALWAYS AS (printf('%.*c', filler, char(97 + version % 26)))
    )`);
    db.exec("CREATE TABLE settled (id TEXT PRIMARY KEY, version INTEGER NOT NULL)");
    db.exec(
      "CREATE TRIGGER truth_moves AFTER UPDATE OF version ON truth BEGIN UPDATE truth SET epoch = epoch + 1; END",
    );
    for (let id = 0; id < ROW_COUNT; id++) {
      db.prepare("INSERT INTO truth (id, version, epoch, filler) VALUES (?, 0, 0, ?)").run(`${id}`, rowBytes);
      db.prepare("INSERT INTO settled VALUES (?, 0)").run(`${id}`);
    }
    db.close();
  }

  /** Changes a row behind everybody's back; gives its new version. */
  change(id: string): number {
    const changed = this.#db.prepare("UPDATE truth SET version = version + 1 WHERE id = ? RETURNING version").all(id);
    return Number(changed[0]?.version);
  }

  /** Tells all processes that from now on nobody may be served an older version of a row. */
  settle(id: string, version: number): void {
    this.#db.prepare("UPDATE settled SET version = max(version, ?) WHERE id = ?").run(version, id);
  }

  /** The versions that nothing older than may be served from now on. */
  settled(): ReadonlyMap<string, number> {
    return versions(this.#db.prepare("SELECT id, version FROM settled").all());
  }

  /** The versions as they are. */
  truth(): ReadonlyMap<string, number> {
    return versions(this.#db.prepare("SELECT id, version FROM truth").all());
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#db.close();
  }
}

function versions(rows: readonly Record<string, unknown>[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ id, version }) => [String(id), Number(version)]));
}
