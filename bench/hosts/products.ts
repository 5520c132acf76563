/** How many rows there are. */
export const ROWS = 1_000;

/** How many rows a page has, and a category. */
export const PAGE = 100;

/** Who changes a row: one of the hosts, or, with the number of hosts, another client of the database. */
export function ownerOf(id: number, hosts: number): number {
  return id % (hosts + 1);
}

/** The ids of an owner's rows. */
export function idsOf(owner: number, hosts: number): readonly number[] {
  return Array.from({ length: ROWS }, (_, id) => id).filter((id) => ownerOf(id, hosts) === owner);
}

/** The columns of a version. All that was read of a row must be of the same version. */
export function columnsOf(
  version: number,
): { readonly version: number; readonly stock: number; readonly mark: string } {
  return { version, stock: (version * 7) % 1_000, mark: `version ${version}` };
}

/** Makes the table, in PostgreSQL's SQL. */
export const TABLE_SQL: string = `
  CREATE TABLE products (
    id int PRIMARY KEY, category int NOT NULL, version int NOT NULL, stock int NOT NULL, mark text NOT NULL,
    name text NOT NULL, price float8 NOT NULL, description text NOT NULL
  );
  INSERT INTO products
  SELECT id, id / ${PAGE}, 0, 0, 'version 0', 'Product ' || id, id * 1.25, 'What a line about it says'
  FROM generate_series(0, ${ROWS - 1}) AS id`;
