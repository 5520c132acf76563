import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { RowEntry } from "@vantage/live";
import { SurrealTable } from "@vantage/live/surrealdb";
import { type OpenTable, tableConformance } from "@vantage/live/testing";
import type { Surreal } from "surrealdb";
import { SurrealServer, WITHOUT_SURREAL } from "../databases/surreal_server.ts";
import { skippable } from "../skippable.ts";
import { EVERYTHING, IN_MEMORY } from "./abilities.ts";
import { runSuite } from "./run_suite.ts";

const FIELDS = `
  DEFINE FIELD name ON $ TYPE option<string>;
  DEFINE FIELD price ON $ TYPE option<float>;
  DEFINE FIELD stock ON $ TYPE option<int>;
  DEFINE FIELD active ON $ TYPE option<bool | null>;
  DEFINE FIELD note ON $ TYPE option<string | null>;
`;

const KINDS = {
  "without a schema": { definition: "DEFINE TABLE $ SCHEMALESS;", knowsColumns: false },
  "with a schema and ids that are texts": {
    definition: `DEFINE TABLE $ SCHEMAFULL; DEFINE FIELD id ON $ TYPE string; ${FIELDS}`,
    knowsColumns: true,
  },
} as const;

describe("SurrealTable", () => {
  if (WITHOUT_SURREAL !== undefined) {
    skippable("is tried with every case", WITHOUT_SURREAL, () => {});
    return;
  }
  let server: SurrealServer | undefined;
  let db: Surreal | undefined;
  before(async () => {
    server = await SurrealServer.start();
    db = await server.connect();
  });
  after(async () => {
    await db?.close();
    await server?.stop();
  });

  for (const [kind, { definition, knowsColumns }] of Object.entries(KINDS)) {
    runSuite(`${kind} keeps the promises of TableLike`, tableConformance, () => ({
      ...IN_MEMORY,
      capabilities: EVERYTHING,
      idField: "id",
      knowsColumns,
      keepsOrder: false,
      open: (rows) => openBakery(db, definition, rows),
    }));
  }
});

let made = 0;

async function openBakery(db: Surreal | undefined, definition: string, rows: readonly RowEntry[]): Promise<OpenTable> {
  assert(db !== undefined);
  const name = `bakery_${++made}`;
  await db.query(definition.replaceAll("$", name));
  const isText = definition.includes("FIELD id");
  const records = rows.map(([id, { name: title, price, stock, active, note }]) => {
    const content = { name: title, price, stock, active, note: note ?? undefined };
    const given = Object.fromEntries(Object.entries(content).map(([column, value]) => [column, value ?? undefined]));
    return { id: isText ? id : Number(id), ...given };
  });
  await db.query(`INSERT INTO ${name} $records`, { records });
  const table = await SurrealTable.open(db, name);
  return { table, close: async () => void await db.query(`REMOVE TABLE ${name}`) };
}
