/**
 * What it costs to tell many browsers of a change: one process serves a table, and clients of its events are connected, as
 * many as browsers are open. Measures the memory of a connection, the processor time and the bytes of an event, and how long
 * it takes until the last client has received it. The clients are raw sockets in this process, on the same machine.
 *
 * ```sh
 * deno task bench:fanout --clients 10000 --events 50
 * ```
 */

import { numberFlags } from "./number_flags.ts";
import { EventSockets } from "./event_sockets.ts";
import { productId } from "./fixture.ts";
import { ServerProcess } from "./server_process.ts";
import { table } from "./tables.ts";

const { clients: most, events } = numberFlags({ clients: 10_000, events: 50 });
const results: (readonly string[])[] = [];
for (const clients of [...new Set([1, 100, 1_000, most].filter((count) => count <= most))]) {
  results.push(await measured(clients));
}
console.log(
  `${events} changes of a row of 10, one after the other, each received by all clients, on ${navigator.hardwareConcurrency} processors

${
    table([
      "clients",
      "memory of one",
      "last one reached, p50",
      "p99",
      "processor per event",
      "per client",
      "bytes per client",
    ], results)
  }`,
);

async function measured(clients: number): Promise<readonly string[]> {
  await using server = await ServerProcess.start(10, most);
  await using sockets = await EventSockets.open(server.url, 1);
  await change(server.url, sockets, 0); // so that the code is warm
  const before = await server.usage();
  await sockets.add(clients - 1);
  const memory = (await server.usage()).rss - before.rss;
  const bytesBefore = sockets.bytes;
  const cpuBefore = (await server.usage()).cpuMs;
  const times: number[] = [];
  for (let event = 1; event <= events; event++) times.push(await change(server.url, sockets, event));
  const cpuMs = ((await server.usage()).cpuMs - cpuBefore) / events;
  const bytes = (sockets.bytes - bytesBefore) / events / clients;
  times.sort((one, other) => one - other);
  return [
    clients.toLocaleString("en"),
    clients === 1 ? "" : `${(memory / (clients - 1) / 1_024).toFixed(1)} kB`,
    `${(times[Math.floor(events / 2)] ?? NaN).toFixed(1)} ms`,
    `${(times[Math.floor(events * 0.99)] ?? NaN).toFixed(1)} ms`,
    `${cpuMs.toFixed(2)} ms`,
    `${(cpuMs * 1_000 / clients).toFixed(1)} µs`,
    bytes.toFixed(0),
  ];
}

/** Changes a row, and resolves when all clients have received that: with the time since the request, in milliseconds. */
async function change(url: URL, sockets: EventSockets, stock: number): Promise<number> {
  const received = sockets.allReceive();
  const startedAt = performance.now();
  const response = await fetch(`${url}/row?id=${productId(0)}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ row: { stock } }),
  });
  if (!response.ok) throw new Error(`The server refused a change: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
  await received;
  return performance.now() - startedAt;
}
