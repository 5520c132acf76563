import { NotFoundError, type Row } from "@vantage/live";
import { SurrealTable } from "@vantage/live/surrealdb";
import { BadInput } from "./bad_input.ts";
import { BAKERY_TABLES, type BakerySize, type BakeryTable, type Cell } from "./bakery.ts";
import { type ConnectedSurreal, connectSurreal } from "./connected_surreal.ts";
import type { SurrealMaster } from "./places.ts";
import type { SeedingOptions } from "./seeding.ts";

/** Says of a table that the demo made it, and may make it anew. */
const MARK = "the bakery of the vantage-live demo";
const ROWS_PER_STEP = 1_000;

/** The types of the bakery's columns. An order refers to its client and product by record links. */
const FIELDS: Readonly<Record<keyof BakerySize, Readonly<Record<string, string>>>> = {
  clients: { name: "string", email: "option<string>", vip: "bool DEFAULT false" },
  products: {
    name: "string",
    price: "float ASSERT $value >= 0",
    in_stock: "int DEFAULT 0",
    vegan: "bool DEFAULT false",
  },
  orders: {
    client_id: "record<clients>",
    product_id: "record<products>",
    quantity: "int ASSERT $value > 0",
    placed_at: "datetime",
    paid: "bool DEFAULT false",
  },
};

/**
 * Fills a database with the bakery.
 *
 * @throws {BadInput} if it has a table of the bakery that the demo did not make.
 */
export async function seedSurreal(master: SurrealMaster, { size, onProgress }: SeedingOptions): Promise<void> {
  const db = await connectSurreal(master);
  try {
    await checkSeedable(db, master);
    await fill(db, size, onProgress);
  } finally {
    await db.close();
  }
}

async function checkSeedable(db: ConnectedSurreal, { host }: SurrealMaster): Promise<void> {
  const [tables] = await db.query("(INFO FOR DB STRUCTURE).tables");
  const found = tables as readonly { readonly name: string; readonly comment?: string }[]; // As STRUCTURE writes it.
  for (const { name, comment } of found) {
    if (comment === MARK || !BAKERY_TABLES.some((table) => table.name === name)) continue;
    throw new BadInput(
      `The table ${name} at ${host} was not created by the demo; seed fills only tables it has created`,
    );
  }
}

async function fill(
  db: ConnectedSurreal,
  size: BakerySize,
  onProgress: SeedingOptions["onProgress"],
): Promise<void> {
  const total = size.clients + size.products + size.orders;
  let done = 0;
  for (const table of BAKERY_TABLES) {
    await db.query(definitionOf(table));
    const target = await SurrealTable.open(db, table.name);
    for (let from = 0; from < size[table.name]; from += ROWS_PER_STEP) {
      const count = Math.min(ROWS_PER_STEP, size[table.name] - from);
      const rows = Array.from({ length: count }, (_, at) => rowOf(table, table.row(from + at, size)));
      const results = await target.writeMany(
        rows.map((row) => ({ op: { kind: "insert", id: String(row["id"]), row } })),
      );
      for (const result of results) if ("error" in result) throw result.error;
      onProgress?.(done += count, total);
    }
  }
}

/** Opens a table, with those that it refers to by record links, as far as they are there. */
export async function openSurrealTable(db: ConnectedSurreal, name: string): Promise<SurrealTable> {
  const { columns } = await SurrealTable.open(db, name);
  const names = columns.flatMap(({ type = "" }) => /record<(\w+)>/.exec(type)?.[1] ?? []);
  const tables = await Promise.all([...new Set(names)].map(async (ref) => [ref, await openIfThere(db, ref)] as const));
  const refs = Object.fromEntries(tables.flatMap(([ref, table]) => table === undefined ? [] : [[ref, () => table]]));
  return await SurrealTable.open(db, name, { refs });
}

/** A link may be to a table that nobody has defined. */
async function openIfThere(db: ConnectedSurreal, name: string): Promise<SurrealTable | undefined> {
  try {
    return await SurrealTable.open(db, name);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function definitionOf({ name }: BakeryTable): string {
  const fields = Object.entries(FIELDS[name]).map(([field, type]) => `DEFINE FIELD ${field} ON ${name} TYPE ${type};`);
  return `REMOVE TABLE IF EXISTS ${name}; DEFINE TABLE ${name} SCHEMAFULL COMMENT "${MARK}"; ${fields.join(" ")}`;
}

/** A row with values of the types above: SQLite has neither booleans, dates nor links. */
function rowOf({ name, columns }: BakeryTable, cells: readonly Cell[]): Row {
  return Object.fromEntries(columns.map((column, at) => {
    const cell = cells[at] ?? "";
    const type = FIELDS[name][column] ?? "";
    if (type.startsWith("bool")) return [column, cell === 1];
    if (type === "datetime") return [column, new Date(cell)];
    const linked = /^record<(\w+)>$/.exec(type)?.[1];
    return [column, linked === undefined ? cell : `${linked}:${cell}`];
  }));
}
