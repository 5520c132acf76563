import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { BAKERY_INDEXES, BAKERY_SCHEMA, BAKERY_TABLES, type BakerySize, type BakeryTable } from "./bakery.ts";
import { BadInput, opening } from "./bad_input.ts";

/** Options for filling a database. */
export interface SeedingOptions {
  readonly size: BakerySize;
  /** Whether to leave an existing file alone. */
  readonly onlyIfMissing?: boolean | undefined;
  /** Called now and then with the number of inserted rows, and the total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The application id of databases that the demo created and may refill: "vDmo". */
const APPLICATION_ID = 0x76446d6f;
/** The position of the id in the file: https://www.sqlite.org/fileformat.html */
const MARK_OFFSET = 68;
/** After this many rows, progress is reported and other tasks run. */
const ROWS_PER_STEP = 10_000;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Refuses to fill a database that the demo did not create. Does not open it as a database, which could already change
 * it.
 *
 * @throws {BadInput} if it is not empty and lacks the demo's id.
 */
export async function checkSeedable(path: string): Promise<void> {
  const header = new Uint8Array(MARK_OFFSET + 4);
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    if (bytesRead === 0) return;
  } finally {
    await file.close();
  }
  if (new DataView(header.buffer).getUint32(MARK_OFFSET) === APPLICATION_ID) return;
  throw new BadInput(
    `${JSON.stringify(path)} was not created by the demo; seed fills only a new file, or one it has created`,
  );
}

/**
 * Fills the database at a path with the bakery, completely or not at all. A new file appears only when it is complete.
 */
export async function seedBakery(path: string, options: SeedingOptions): Promise<void> {
  if (existsSync(path)) {
    if (options.onlyIfMissing !== true) await fillFile(path, options);
    return;
  }
  const draft = `${path}.${process.pid}`;
  try {
    await fillFile(draft, options);
    if (!publish(draft, path)) await seedBakery(path, options);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Opens a database that waits for the locks of others. */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return db;
}

/** An in-memory database with the bakery's tables and no rows, to check arguments before there is a file. */
export function previewBakery(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(BAKERY_SCHEMA);
  return db;
}

async function fillFile(path: string, options: SeedingOptions): Promise<void> {
  const db = await opening(`the master ${JSON.stringify(path)}`, () => openDatabase(path));
  try {
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    // With a WAL, concurrent readers continue to see the old rows.
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("BEGIN IMMEDIATE");
    await fill(db, options);
    db.exec("COMMIT");
  } finally {
    // Closing rolls back what was not committed.
    db.close();
  }
}

/** Renames a file. `false` if another process created the target first. */
function publish(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    // Some file systems do not support links.
    renameSync(draft, path);
  }
  return true;
}

async function fill(db: DatabaseSync, { size, onProgress }: SeedingOptions): Promise<void> {
  for (const { name } of BAKERY_TABLES.toReversed()) db.exec(`DROP TABLE IF EXISTS ${name}`);
  db.exec(BAKERY_SCHEMA);
  const total = size.clients + size.products + size.orders;
  let before = 0;
  for (const table of BAKERY_TABLES) {
    for (const done of insertRows(db, table, size)) {
      onProgress?.(before + done, total);
      await new Promise((resolve) => setTimeout(resolve));
    }
    before += size[table.name];
  }
  db.exec(BAKERY_INDEXES);
  onProgress?.(total, total);
}

/** Inserts rows, and yields their number step by step. */
function* insertRows(db: DatabaseSync, table: BakeryTable, size: BakerySize): Generator<number> {
  const { name, columns } = table;
  const places = columns.map(() => "?").join(", ");
  const insert = db.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${places})`);
  for (let index = 0; index < size[name]; index++) {
    insert.run(...table.row(index, size));
    if ((index + 1) % ROWS_PER_STEP === 0) yield index + 1;
  }
}
