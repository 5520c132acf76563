/**
 * How a `tableHandler` performs under load: a process with keep-alive connections sends as many requests as it can,
 * first alone, then beside clients that are slow, half open or never read. Prints requests a second, and response
 * times.
 *
 * ```sh
 * deno task bench:load --connections 32 --seconds 10 --rows 10 --bad-clients 100
 * ```
 */

import { BadClients } from "./bad_clients.ts";
import { numberFlags } from "./number_flags.ts";
import { productId } from "./fixture.ts";
import { ServerProcess } from "./server_process.ts";
import { table } from "./tables.ts";

const PRODUCTS = 1_000;
const REQUESTS_PER_WRITE = 100;
const MIB = 2 ** 20;

const flags = numberFlags({ connections: 32, seconds: 10, rows: 10, "bad-clients": 100 });
const { connections, seconds, rows, "bad-clients": badCount } = flags;

await using server = await ServerProcess.start(PRODUCTS);
await load(2);
const results = [await result("alone", await load(seconds))];
{
  await using _ = await BadClients.open(server.url, badCount);
  results.push(await result(`beside ${badCount} of each kind of bad client`, await load(seconds)));
}
results.push(await result("after they have disconnected", await load(seconds)));
console.log(
  `${connections} keep-alive connections request pages of ${rows} rows of ${PRODUCTS}, for ${seconds} s;
one request in ${REQUESTS_PER_WRITE} is a write, whose event goes to every subscriber.

${table(["", "requests a second", "p50", "p99", "failed", "server heap", "server memory"], results)}`,
);

/** The response times, in milliseconds; `undefined` for failed requests. */
async function load(forSeconds: number): Promise<readonly (number | undefined)[]> {
  const took: (number | undefined)[] = [];
  const until = performance.now() + forSeconds * 1_000;
  const ask = async (connection: number): Promise<void> => {
    for (let count = connection; performance.now() < until; count++) {
      const startedAt = performance.now();
      const response = await (count % REQUESTS_PER_WRITE === 0 ? write(count) : read(count));
      await response.arrayBuffer();
      took.push(response.ok ? performance.now() - startedAt : undefined);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => ask(connection)));
  return took;
}

function read(count: number): Promise<Response> {
  const page = 1 + count % Math.ceil(PRODUCTS / rows);
  return fetch(`${server.url}/rows?page=${page}&limit=${rows}`);
}

function write(count: number): Promise<Response> {
  const body = JSON.stringify({ row: { stock: count } });
  const headers = { "content-type": "application/json" };
  return fetch(`${server.url}/row?id=${productId(count % PRODUCTS)}`, { method: "PATCH", headers, body });
}

async function result(when: string, took: readonly (number | undefined)[]): Promise<readonly string[]> {
  const answered = took.filter((ms) => ms !== undefined).toSorted((a, b) => a - b);
  const at = (share: number): string => `${answered[Math.floor(answered.length * share)]?.toFixed(1)} ms`;
  const { heapUsed, rss } = await server.usage();
  return [
    when,
    Math.round(answered.length / seconds).toLocaleString("en"),
    at(0.5),
    at(0.99),
    String(took.length - answered.length),
    `${(heapUsed / MIB).toFixed(1)} MiB`,
    `${(rss / MIB).toFixed(0)} MiB`,
  ];
}
