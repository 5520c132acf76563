import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { settle } from "@vantage/live/testing";
import type { DurableObjectNamespace, DurableObjectState } from "./worker_types.ts";

interface Env {
  readonly TABLES: DurableObjectNamespace;
}

/** Reads and writes of every kind. Tells of each read whether the master was asked, and what was shown. */
async function exercise(cache: Cache): Promise<string[]> {
  const master = bakery();
  const liveStream = new ManualLiveStream();
  await using table = new LiveTable(master, "products", cache, { liveStream });
  const seen = [await read(table), await read(table)];
  await table.patchValue("a", { name: "Brioche" });
  seen.push(await read(table), await read(table));
  await master.patchValue("a", { name: "Baguette" });
  seen.push(await read(table));
  liveStream.push({ kind: "updated", id: "a" });
  await settle();
  seen.push(await read(table), await read(table));
  return seen;
}

async function read(table: LiveTable): Promise<string> {
  const { masterReads } = table.stats();
  const rows = await table.listValues();
  return `${table.stats().masterReads === masterReads ? "hit" : "miss"}: ${rows.get("a")?.name}`;
}

function bakery(): MemTable {
  return new MemTable("products", { rows: [["a", { name: "Bun" }]] });
}

/** A Durable Object with a table over its own storage. */
export class TableObject {
  readonly #cache: Cache;

  constructor(ctx: DurableObjectState) {
    this.#cache = new DurableObjectCache(ctx.storage.sql);
  }

  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/object/exercise") return Response.json(await exercise(this.#cache));
    await using table = new LiveTable(bakery(), "products", this.#cache);
    return Response.json(await read(table));
  }
}

export default {
  async fetch(request: Request, { TABLES }: Env): Promise<Response> {
    if (new URL(request.url).pathname === "/memory/exercise") return Response.json(await exercise(new MemCache()));
    return await TABLES.getByName("bakery").fetch(request);
  },
};
