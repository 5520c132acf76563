import { LiveTable } from "@vantage/live";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { type TableHandler, tableHandler } from "@vantage/live/server";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";
import type { DurableObjectNamespace, DurableObjectState } from "./worker_types.ts";

interface Env {
  readonly ORIGIN: string;
  readonly TABLES: DurableObjectNamespace;
}

interface Served {
  readonly table: LiveTable;
  readonly handler: TableHandler;
}

/** The table of an origin that the object is named after. With `live` in front of the name, it listens to the origin. */
export class TableObject {
  readonly #ctx: DurableObjectState;
  readonly #served: Promise<Served>;

  constructor(ctx: DurableObjectState, { ORIGIN }: Env) {
    this.#ctx = ctx;
    this.#served = ctx.blockConcurrencyWhile(async () => {
      const path = `/${ctx.id.name}`;
      const url = `${ORIGIN}${path}`;
      const liveStream = path.startsWith("/live") ? new SseLiveStream(`${url}/events`) : undefined;
      const cache = new DurableObjectCache(ctx.storage.sql);
      const table = new LiveTable(await RestTable.open(url), path, cache, { liveStream });
      return { table, handler: tableHandler(table, { path, writable: true }) };
    });
  }

  async fetch(request: Request): Promise<Response> {
    const { table, handler } = await this.#served;
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/stats")) return Response.json(table.stats());
    if (pathname.endsWith("/abort")) {
      await handler.close(); // else workerd complains of open streams
      this.#ctx.abort("told to");
    }
    return await handler(request, this.#ctx);
  }
}

export default {
  fetch(request: Request, { TABLES, ORIGIN }: Env): Promise<Response> {
    const [, name = ""] = new URL(request.url).pathname.split("/");
    return name === "unwaited" ? fetch(`${ORIGIN}/unwaited`) : TABLES.getByName(name).fetch(request);
  },
};
