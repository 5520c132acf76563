import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { BAKERY_INDEXES, BAKERY_SCHEMA, BAKERY_TABLES, type BakerySize, type BakeryTable } from "./bakery.ts";
import { BadInput, opening } from "./bad_input.ts";

/** How to fill a database. */
export interface SeedingOptions {
  readonly size: BakerySize;
  /** Whether a file that is there already is left as it is. */
  readonly onlyIfMissing?: boolean | undefined;
  /** Hears now and then how many rows are in, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Marks a database as one that the demo made and may fill again: "vDmo". */
const APPLICATION_ID = 0x76446d6f;
/** Where the mark stands in the file: https://www.sqlite.org/fileformat.html */
const MARK_OFFSET = 68;
/** So often the progress is told, and others get their turn. */
const ROWS_PER_STEP = 10_000;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Refuses to fill a database that somebody else made. Does not open it as a database: that could already change it.
 *
 * @throws {BadInput} if it is not empty, and lacks the demo's mark.
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
    `${JSON.stringify(path)} is a file that the demo did not make; seed fills a new file, or one it has made`,
  );
}

/**
 * Fills the database at a path with the bakery: either all of it is there afterwards, or what was there before. A new
 * file appears only when it is filled, so that nobody finds it half made.
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

/** Opens a database, so that it waits for others who lock it. */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return db;
}

/** A database in memory with the bakery's tables and no rows: to check what is asked before there is a file. */
export function previewBakery(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(BAKERY_SCHEMA);
  return db;
}

async function fillFile(path: string, options: SeedingOptions): Promise<void> {
  const db = await opening(`the master ${JSON.stringify(path)}`, () => openDatabase(path));
  try {
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    // Those who read meanwhile go on reading what was there before.
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("BEGIN IMMEDIATE");
    await fill(db, options);
    db.exec("COMMIT");
  } finally {
    // What was not committed is rolled back by this.
    db.close();
  }
}

/** Gives a file its name. `false` if another file was given it first. */
function publish(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    // Some file systems have no links.
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

/** Yields how many rows are in, step by step. */
function* insertRows(db: DatabaseSync, table: BakeryTable, size: BakerySize): Generator<number> {
  const { name, columns } = table;
  const places = columns.map(() => "?").join(", ");
  const insert = db.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${places})`);
  for (let index = 0; index < size[name]; index++) {
    insert.run(...table.row(index, size));
    if ((index + 1) % ROWS_PER_STEP === 0) yield index + 1;
  }
}
