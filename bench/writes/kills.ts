import { defineTable, type Row } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { FakeClock } from "@vantage/live/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { temporaryPath } from "../fixture.ts";
import type { KillCase } from "./kill_child.ts";
import { rowId } from "./write_master.ts";

/** What has become of writes that were accepted by processes that were killed. */
export interface Survivors {
  readonly kills: number;
  readonly accepted: number;
  /** Accepted, and not done by the master in time. */
  readonly lost: number;
  /** Done more than once. */
  readonly twice: number;
  /** Done after a later write to the same row. */
  readonly outOfOrder: number;
}

const ROWS = 10;
/** How many accepted writes are heard of before a process is killed, at the most. */
const MOST_HEARD = 150;
/** How long the master takes to answer. */
const MASTER_MS = 2;
/** How long the next process has to bring what was accepted to the master. */
const PATIENCE_MS = 15_000;
const SEED = 1;

/** Kills processes that write to an HTTP master which honours idempotency keys, each followed by one that sends the rest. */
export async function measureKills(library: KillCase["library"], kills: number): Promise<Survivors> {
  const chance = new FakeClock({ seed: SEED });
  const done: number[] = [];
  await using handler = tableHandler(master(done), { writable: true });
  await using server = Deno.serve({ port: 0, onListen: () => {} }, (request) => handler(request));
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const accepted: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const path = temporaryPath("outbox.db");
    const work: KillCase = { library, path, url, first: kill * 1_000_000, rows: ROWS };
    const heard = await killed(work, 1 + Math.floor(chance.random() * MOST_HEARD));
    accepted.push(...heard);
    await afterwards({ ...work, first: undefined }, () => missing(heard, done).length === 0);
  }
  return { kills, accepted: accepted.length, lost: missing(accepted, done).length, ...disorder(done) };
}

/** Writes down the number of each write that it does. */
function master(done: number[]): ReturnType<typeof defineTable> {
  return defineTable({
    name: "products",
    list: () => [],
    patch: async (_id, partial): Promise<Row> => {
      done.push(Number(partial["stock"]));
      await new Promise((resolve) => setTimeout(resolve, MASTER_MS));
      return partial;
    },
  });
}

/** Kills a process when it is heard that it has accepted so many writes; answers with all that it had accepted. */
async function killed(work: KillCase, after: number): Promise<readonly number[]> {
  const child = start(work);
  const heard: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    heard.push(Number(line));
    if (heard.length === after) child.kill("SIGKILL");
  }
  return heard;
}

/** Lets a process run until nothing is missing, or the time is over. */
async function afterwards(work: KillCase, isDone: () => boolean): Promise<void> {
  const child = start(work);
  const gone = once(child, "close");
  const endsAt = performance.now() + PATIENCE_MS;
  while (!isDone() && performance.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 20));
  // What it does beyond that is seen, too.
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGKILL");
  await gone;
}

function start(work: KillCase): ReturnType<typeof spawn> & { readonly stdout: NodeJS.ReadableStream } {
  const script = fileURLToPath(new URL("kill_child.ts", import.meta.url));
  return spawn(Deno.execPath(), ["run", "-A", "--no-check", script, JSON.stringify(work)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function missing(accepted: readonly number[], done: readonly number[]): readonly number[] {
  const known = new Set(done);
  return accepted.filter((number) => !known.has(number));
}

function disorder(done: readonly number[]): { readonly twice: number; readonly outOfOrder: number } {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  let [twice, outOfOrder] = [0, 0];
  for (const number of done) {
    const row = rowId(number % ROWS);
    if (seen.has(number)) twice++;
    else if (number < (last.get(row) ?? -1)) outOfOrder++;
    last.set(row, Math.max(last.get(row) ?? -1, number));
    seen.add(number);
  }
  return { twice, outOfOrder };
}
