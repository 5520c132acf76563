/**
 * A process that serves a table of products at `/products`, and what it uses at `/usage`. Its arguments are the number of rows,
 * and how many may subscribe to their events. Prints its URL, and exits when its standard input ends.
 */

import process from "node:process";
import { LiveTable, NoCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { openBakery } from "./fixture.ts";
import type { Usage } from "./server_process.ts";

const [rows = "100", maxStreams = "1000"] = Deno.args;
const { products } = await openBakery(Number(rows));
await using table = new LiveTable(products, "products", new NoCache());
await using handler = tableHandler(table, { path: "/products", writable: true, maxStreams: Number(maxStreams) });

const ending = new AbortController();
const options = { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen: () => {} };
const server = Deno.serve(options, (request) => {
  return new URL(request.url).pathname === "/usage" ? Response.json(usage()) : handler(request);
});
console.log(`http://127.0.0.1:${server.addr.port}/`);

for await (const _ of Deno.stdin.readable);
ending.abort();

/** What is in use, after a garbage collection if the process can request one. */
function usage(): Usage {
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc === "function") gc();
  const { rss, heapUsed } = Deno.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { rss, heapUsed, cpuMs: (user + system) / 1_000 };
}
