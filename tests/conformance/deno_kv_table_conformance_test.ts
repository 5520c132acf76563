import { describe } from "node:test";
import type { Capabilities, RowEntry } from "@vantage/live";
import { DenoKvTable, type DenoKvTableOptions } from "@vantage/live/deno-kv";
import { type OpenTable, tableConformance } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { EVERYTHING, IN_MEMORY } from "./abilities.ts";
import { runSuite } from "./run_suite.ts";

const ABLE: Capabilities = { ...EVERYTHING, writeMany: false };

const KINDS = [
  ["DenoKvTable", {}],
  ["DenoKvTable with indexes and an idField", { indexes: ["name", "price", "stock", "active", "note"], idField: "id" }],
] as const satisfies readonly (readonly [string, DenoKvTableOptions])[];

for (const [title, options] of KINDS) {
  if ("Deno" in globalThis) {
    runSuite(`${title} keeps the promises of TableLike`, tableConformance, () => ({
      ...IN_MEMORY,
      capabilities: ABLE,
      idField: "idField" in options ? options.idField : undefined,
      keepsOrder: false,
      open: (rows) => open(rows, options),
    }));
  } else describe(title, () => skippable("is tried with every case", "Deno KV is only in Deno", () => {}));
}

async function open(rows: readonly RowEntry[], options: DenoKvTableOptions): Promise<OpenTable> {
  const kv = await Deno.openKv(":memory:");
  for (const [id, row] of rows) await kv.set(["bakery", id], row);
  return { table: await DenoKvTable.open(kv, ["bakery"], options), close: () => kv.close() };
}
