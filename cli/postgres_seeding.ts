import { installNotify } from "@vantage/live/postgres";
import { BadInput } from "./bad_input.ts";
import { BAKERY_INDEXES, BAKERY_SCHEMA, BAKERY_TABLES, type BakerySize, type BakeryTable } from "./bakery.ts";
import type { PostgresMaster } from "./places.ts";
import { PostgresClient } from "./postgres_client.ts";
import type { SeedingOptions } from "./seeding.ts";

/** The comment on tables that the demo created and may fill again. */
const MARK = "made by the demo of @vantage/live";
const ROWS_PER_STEP = 10_000;
const UNPREPARED = { prepare: false } as const;

/**
 * Fills a database with the bakery, completely or not at all, and makes its tables notify of their changes.
 *
 * @throws {BadInput} if it has a table of the bakery that the demo did not create.
 */
export async function seedPostgres(master: PostgresMaster, { size, onProgress }: SeedingOptions): Promise<void> {
  await using opened = PostgresClient.open(master);
  const { client } = opened;
  const total = size.clients + size.products + size.orders;
  await client.begin(async (tag) => {
    const run = (sql: string, params: string[] = []) => tag.unsafe(sql, params, UNPREPARED);
    const [other] = await run(OTHER_SQL, [MARK]);
    if (other !== undefined) {
      throw new BadInput(
        `The table ${
          JSON.stringify(other.name)
        } was not created by the demo; seed fills only tables that it has created`,
      );
    }
    for (const { name } of BAKERY_TABLES.toReversed()) await run(`DROP TABLE IF EXISTS ${name}`);
    for (const statement of statementsOf(BAKERY_SCHEMA.replaceAll("REAL", "FLOAT8"))) await run(statement);
    let done = 0;
    for (const table of BAKERY_TABLES) {
      await run(`COMMENT ON TABLE ${table.name} IS '${MARK}'`);
      for (const rows of stepsOf(table, size)) {
        const { name } = table;
        await run(`INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, $1::text::json)`, [
          JSON.stringify(rows),
        ]);
        onProgress?.(done += rows.length, total);
      }
    }
    for (const statement of statementsOf(BAKERY_INDEXES)) await run(statement);
  });
  for (const { name } of BAKERY_TABLES) await installNotify(client, name);
}

const NAMES = BAKERY_TABLES.map(({ name }) => `'${name}'`).join(", ");
const OTHER_SQL = `SELECT relname::text AS name FROM pg_class
  WHERE relname IN (${NAMES}) AND pg_table_is_visible(oid) AND obj_description(oid) IS DISTINCT FROM $1::text LIMIT 1`;

function statementsOf(sql: string): readonly string[] {
  return sql.split(";").filter((statement) => statement.trim() !== "");
}

function* stepsOf({ name, columns, row }: BakeryTable, size: BakerySize): Generator<readonly object[]> {
  for (let first = 0; first < size[name]; first += ROWS_PER_STEP) {
    const count = Math.min(ROWS_PER_STEP, size[name] - first);
    yield Array.from({ length: count }, (_, at) => {
      const cells = row(first + at, size);
      return Object.fromEntries(columns.map((column, index) => [column, cells[index]]));
    });
  }
}
