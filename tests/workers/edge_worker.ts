import { LiveTable, MemCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { RestTable, type TableDescription } from "@vantage/live/rest";
import type { ExecutionContext } from "./worker_types.ts";

interface Env {
  readonly ORIGIN: string;
}

/** What outlives a request. */
const cache = new MemCache();
const descriptions = new Map<string, TableDescription>();

/** Serves the tables of an origin, each under its path there: `/products/rows` is that of `/products`. */
export default {
  async fetch(request: Request, { ORIGIN }: Env, context: ExecutionContext): Promise<Response> {
    const [, name = ""] = new URL(request.url).pathname.split("/");
    const path = `/${name}`;
    // To compare: this is stopped as soon as its client leaves.
    if (path === "/unwaited") return await fetch(`${ORIGIN}${path}`);
    const table = new LiveTable(await openMaster(`${ORIGIN}${path}`), path, cache, { staleTimeMs: 600_000 });
    const answer = tableHandler(table, { path, writable: true })(request, context);
    // Not only when the answer is there: whoever asked may leave before.
    context.waitUntil(answer.finally(() => table.close()));
    return await answer;
  },
};

async function openMaster(url: string): ReturnType<typeof RestTable.open> {
  const description = descriptions.get(url) ?? await RestTable.describe(url);
  descriptions.set(url, description);
  return RestTable.served(url, description);
}
