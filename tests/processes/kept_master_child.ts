/**
 * A process that serves a `KeptMaster` over HTTP, and does to requests to write what it is told: `ok`, or a part of them is
 * refused (429 and 503 with Retry-After, 409), hangs, or has its answer cut off half-way.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { tableHandler } from "@vantage/live/server";
import { FakeClock } from "@vantage/live/testing";
import { serve } from "../server/serve.ts";
import { KeptMaster } from "./kept_master.ts";
import type { MasterOptions, Mood } from "./writes_master.ts";

/** One request in so many meets the fault. */
const FAULT_EVERY = 3;

const { path, port, seed }: MasterOptions = JSON.parse(process.argv[2] ?? "");
const chance = new FakeClock({ seed });
const next = (bound: number): number => Math.floor(chance.random() * bound);
let mood: Mood = "ok";

const master = new KeptMaster(path);
const handler = tableHandler(master.table, { writable: true });
const served = await serve(async (request) => {
  const key = request.headers.get("idempotency-key");
  if (request.method === "GET" || key === null) return await handler(request);
  const [writer = 0, term = 0] = ["x-writer", "x-term"].map((name) => Number(request.headers.get(name)));
  master.asked({ key, writer, term });
  if (mood === "ok" || next(FAULT_EVERY) > 0) return await handler(request);
  switch (mood === "all" ? (["refuse", "hang", "cut"] as const)[next(3)] : mood) {
    case "hang":
      if (next(2) === 0) await handler(request);
      return await new Promise<never>(() => {});
    case "cut":
      return cutOff(await handler(request));
    default:
      return refusal(key) ?? await handler(request);
  }
}, { port });
writeSync(1, `${JSON.stringify({ listening: Number(new URL(served.url).port) })}\n`);
for await (const line of createInterface({ input: process.stdin })) mood = line as Mood;
process.exit(0);

/** What it did before it does not refuse. */
function refusal(key: string): Response | undefined {
  const status = [429, 503, 409][next(3)] ?? 409;
  if (status === 409) return master.has(key) ? undefined : new Response("taken", { status });
  return new Response("later", { status, headers: { "retry-after": `${next(8) === 0 ? 1 : 0}` } });
}

/** The write is done, and its answer ends in the middle: it is longer than what comes. */
function cutOff(answer: Response): Response {
  const headers = new Headers(answer.headers);
  headers.set("content-length", "1000");
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"row":{"n"'));
      controller.close();
    },
  });
  return new Response(body, { status: 200, headers });
}
