import { Pagination, type Query } from "@vantage/live";
import { type SqliteHandle, type SqliteStatement, SqliteTable } from "@vantage/live/sqlite";
import { DatabaseSync } from "node:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** A database in memory that counts the statements it runs, independently of the library's statistics. */
export class CountedDatabase implements SqliteHandle {
  /** How many statements it has run. */
  calls = 0;
  readonly #database = new DatabaseSync(":memory:");

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    const count = (): void => void this.calls++;
    return {
      all: (...params) => (count(), statement.all(...params)),
      get: (...params) => (count(), statement.get(...params)),
      run: (...params) => (count(), statement.run(...params)),
      setReadBigInts: (on) => statement.setReadBigInts(on),
    };
  }
}

/** A table of bakery products, and its database. */
export interface Bakery {
  readonly products: SqliteTable;
  readonly database: CountedDatabase;
}

/** Options of {@linkcode openBakery}. */
export interface BakeryOptions {
  /** Whether each product has a ninth column with a date, which cannot be frozen and must be copied for each reader. */
  readonly dated?: boolean | undefined;
}

/** Opens a bakery with `count` products. */
export async function openBakery(count: number, { dated = false }: BakeryOptions = {}): Promise<Bakery> {
  const database = new CountedDatabase();
  database.exec(`CREATE TABLE product (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, description TEXT, price REAL NOT NULL,
    stock INTEGER NOT NULL, weight_g INTEGER, is_sold BOOLEAN NOT NULL${dated ? ", baked_at DATETIME NOT NULL" : ""}
  )`);
  const insert = database.prepare(`INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?, ?${dated ? ", ?" : ""})`);
  for (let number = 0; number < count; number++) {
    insert.run(...product(number), ...(dated ? [new Date(1.7e12 + number * 6e4).toISOString()] : []));
  }
  return { products: await SqliteTable.open(database, "product"), database };
}

/** The query for the first page, with `itemsPerPage` rows. */
export function firstPage(itemsPerPage: number): Query {
  return { pagination: new Pagination(1, itemsPerPage) };
}

/** A path for a file that is deleted when the benchmarks are done. */
export function temporaryPath(name: string): string {
  const folder = mkdtempSync(`${tmpdir()}/vantage-bench-`);
  globalThis.addEventListener("unload", () => rmSync(folder, { recursive: true, force: true }));
  return `${folder}/${name}`;
}

/** The id of a product. */
export function productId(number: number): string {
  return `product-${number}`;
}

const KINDS = ["Roll", "Loaf", "Tart", "Croissant", "Éclair"];
const CATEGORIES = ["bread", "pastry", "cake"];

function product(number: number): (string | number)[] {
  const kind = KINDS[number % KINDS.length] ?? "Bun";
  return [
    productId(number),
    `${kind} no. ${number}`,
    CATEGORIES[number % CATEGORIES.length] ?? "bread",
    `Baked in the stone oven every morning; best eaten within ${1 + number % 3} days.`,
    (150 + number * 7 % 900) / 100,
    number * 13 % 60,
    40 + number * 17 % 800,
    number % 7 === 0 ? 0 : 1,
  ];
}
