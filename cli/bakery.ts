import { hasMany, hasOne, type Relation, type TableLike } from "@vantage/live";

/** A value in the bakery. */
export type Cell = string | number;

/** How many rows each table of the bakery has. */
export interface BakerySize {
  readonly clients: number;
  readonly products: number;
  readonly orders: number;
}

/** A table of the bakery. Its rows are deterministic, for any number of them. */
export interface BakeryTable {
  readonly name: keyof BakerySize;
  readonly columns: readonly string[];
  /** The row at a position, in a bakery of this size. */
  row(index: number, size: BakerySize): readonly Cell[];
}

/** The default size: small enough to read. */
export const SMALL_BAKERY: BakerySize = { clients: 6, products: 10, orders: 20 };

/** Referenced tables come first. */
export const BAKERY_SCHEMA = `
CREATE TABLE clients (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT, vip BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE TABLE products (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL CHECK (price >= 0),
  in_stock INTEGER NOT NULL DEFAULT 0, vegan BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (id), product_id TEXT NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0), placed_at TIMESTAMP NOT NULL, paid BOOLEAN NOT NULL DEFAULT FALSE
);
`;

/** Created after the rows. Without them, deleting a product would scan all orders. */
export const BAKERY_INDEXES = `
CREATE INDEX orders_by_client ON orders (client_id);
CREATE INDEX orders_by_product ON orders (product_id);
`;

/** How the tables refer to each other, where the master does not say it: what owns what by which column, and the way back. */
export const BAKERY_REFS: Readonly<Record<string, Readonly<Record<string, (table: () => TableLike) => Relation>>>> = {
  clients: { orders: (orders) => hasMany(orders, "client_id") },
  products: { orders: (orders) => hasMany(orders, "product_id") },
  orders: {
    clients: (clients) => hasOne(clients, "client_id"),
    products: (products) => hasOne(products, "product_id"),
  },
};

const CLIENTS: readonly (readonly Cell[])[] = [
  ["marty", "Marty Melnick", "marty@example.org", 1],
  ["doc", "Doc Albers", "doc@example.org", 0],
  ["ilze", "Ilze Ozola", "ilze@example.org", 1],
  ["omar", "Omar Haddad", "omar@example.org", 0],
  ["yuki", "Yuki Tanaka", "yuki@example.org", 0],
  ["ann", "Ann Byrne", "ann@example.org", 0],
];

/** The letters d and e are left for a donut and an eclair of the user. */
const PRODUCTS: readonly (readonly Cell[])[] = [
  ["a", "Apple tart", 4.2, 12, 0],
  ["b", "Bun", 1.1, 80, 1],
  ["c", "Cinnamon roll", 2.9, 36, 0],
  ["f", "Focaccia", 3.8, 18, 1],
  ["g", "Gingerbread", 2.4, 25, 0],
  ["h", "Honey cake", 5.6, 9, 0],
  ["k", "Kringle", 6.5, 6, 0],
  ["p", "Poppy seed plait", 3.3, 14, 0],
  ["r", "Rye loaf", 2.7, 40, 1],
  ["s", "Spinach pasty", 3.1, 22, 1],
];

/** How many products have no orders, so that they can be deleted. */
const UNSOLD = 3;

const DOUGHS = ["Rye", "Spelt", "Oat", "Wheat", "Barley", "Maize", "Malt", "Bran"];
const KINDS = ["loaf", "roll", "bun", "pretzel", "scone", "plait", "tart", "biscuit", "bagel", "wafer"];
const FIRST_NAMES = ["Ada", "Ben", "Cleo", "Dan", "Edie", "Finn", "Gita", "Hugo", "Ines", "Jon"];
const LAST_NAMES = ["Baker", "Miller", "Reaper", "Sower", "Thresher", "Carter", "Cooper", "Mason"];

const OPENING_DAY = Date.UTC(2025, 0, 2, 7);
const MINUTES_BETWEEN_ORDERS = 7;

/** The tables, referenced ones first. */
export const BAKERY_TABLES: readonly BakeryTable[] = [
  { name: "clients", columns: ["id", "name", "email", "vip"], row: client },
  { name: "products", columns: ["id", "name", "price", "in_stock", "vegan"], row: product },
  { name: "orders", columns: ["id", "client_id", "product_id", "quantity", "placed_at", "paid"], row: order },
];

function client(index: number): readonly Cell[] {
  const known = CLIENTS[index];
  if (known !== undefined) return known;
  const name = `${pick(FIRST_NAMES, index, 1)} ${pick(LAST_NAMES, index, 2)}`;
  return [`c${index + 1}`, name, `c${index + 1}@example.org`, draw(index, 3) % 10 === 0 ? 1 : 0];
}

function product(index: number): readonly Cell[] {
  const known = PRODUCTS[index];
  if (known !== undefined) return known;
  const price = 1 + (draw(index, 6) % 900) / 100;
  const name = `${pick(DOUGHS, index, 4)} ${pick(KINDS, index, 5)}`;
  return [`p${index + 1}`, name, price, draw(index, 7) % 100, draw(index, 8) % 2];
}

function order(index: number, { clients, products }: BakerySize): readonly Cell[] {
  const unsold = products > UNSOLD ? UNSOLD : 0;
  const buyer = draw(index, 9) % clients;
  const bought = unsold + draw(index, 10) % (products - unsold);
  const placedAt = new Date(OPENING_DAY + index * MINUTES_BETWEEN_ORDERS * 60_000).toISOString();
  return [
    `o${index + 1}`,
    CLIENTS[buyer]?.[0] ?? `c${buyer + 1}`,
    PRODUCTS[bought]?.[0] ?? `p${bought + 1}`,
    1 + draw(index, 11) % 12,
    placedAt,
    draw(index, 12) % 4 === 0 ? 0 : 1,
  ];
}

function pick(words: readonly string[], index: number, salt: number): string {
  return words[draw(index, salt) % words.length] ?? "";
}

/** A pseudorandom whole number, always the same for an index and a salt. */
function draw(index: number, salt: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
