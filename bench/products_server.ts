/**
 * A process that serves a table of products at `/products`, and its memory use at `/memory`. Its argument is the number
 * of rows. Prints its URL, and exits when its standard input ends.
 */

import { LiveTable, NoCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { openBakery } from "./fixture.ts";
import type { Memory } from "./server_process.ts";

const [rows = "100"] = Deno.args;
const { products } = await openBakery(Number(rows));
await using table = new LiveTable(products, "products", new NoCache());
await using handler = tableHandler(table, { path: "/products", writable: true });

const ending = new AbortController();
const options = { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen: () => {} };
const server = Deno.serve(options, (request) => {
  return new URL(request.url).pathname === "/memory" ? Response.json(memory()) : handler(request);
});
console.log(`http://127.0.0.1:${server.addr.port}/`);

for await (const _ of Deno.stdin.readable);
ending.abort();

/** The memory in use, after a garbage collection if the process can request one. */
function memory(): Memory {
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc === "function") gc();
  const { rss, heapUsed } = Deno.memoryUsage();
  return { rss, heapUsed };
}
