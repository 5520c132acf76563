import { DatabaseSync } from "node:sqlite";
import { type Stored, telling } from "./offline_writer.ts";

/** A store for `@tanstack/offline-transactions` in a file, as durable as that of `SqliteOutbox`. */
export function sqliteStored(path: string): Stored {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE IF NOT EXISTS item (at INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)");
  const get = db.prepare("SELECT value FROM item WHERE key = ?");
  const set = db.prepare(
    "INSERT INTO item (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const remove = db.prepare("DELETE FROM item WHERE key = ?");
  const keys = db.prepare("SELECT key FROM item ORDER BY at");
  const clear = db.prepare("DELETE FROM item");
  return telling({
    get: (key) => Promise.resolve(get.get(key)?.value as string ?? null), // Its column is a text.
    set: (key, value) => Promise.resolve(void set.run(key, value)),
    delete: (key) => Promise.resolve(void remove.run(key)),
    keys: () => Promise.resolve(keys.all().map(({ key }) => String(key))),
    clear: () => Promise.resolve(void clear.run()),
  });
}
