/**
 * What it costs to keep a write: an append beside the bare `INSERT` of the same bytes into a table of one column, with the
 * same `synchronous`, in turns on the same disk; appends of 100; and to load 20 000 writes.
 *
 * ```sh
 * deno task bench:outbox
 * ```
 */
import { MemOutbox, type Outbox, type OutboxMark, type StoredWrite } from "@vantage/live";
import { DenoKvOutbox } from "@vantage/live/deno-kv";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { table } from "../tables.ts";

const QUEUE = "marty/clients";
const LOADED = 20_000;
const BATCH = 100;
const PAGE = 1_000;
/** How many appends and inserts of each kind are timed, in turns. */
const TURNS = { full: 2_000, normal: 10_000 };

const folder = await Deno.makeTempDir({ prefix: "vantage-outbox-" });
let written = 0;
try {
  console.log(table(["one write", "append p50", "INSERT p50", "ratio", "append mean", "INSERT mean", "ratio"], [
    await besideInsert("full"),
    await besideInsert("normal"),
  ]));
  console.log(table([
    "outbox",
    `append of ${BATCH}, per write`,
    "sent and answered, per write",
    `load of ${LOADED.toLocaleString("en")}`,
  ], [
    await inBulk("MemOutbox", new MemOutbox()),
    await inBulk("SqliteOutbox, full", await SqliteOutbox.open(`${folder}/bulk-full.db`)),
    await inBulk(
      "SqliteOutbox, normal",
      await SqliteOutbox.open(`${folder}/bulk-normal.db`, { synchronous: "normal" }),
    ),
    await inBulk("DenoKvOutbox", await DenoKvOutbox.open(`${folder}/bulk-kv.db`)),
  ]));
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function besideInsert(synchronous: "full" | "normal"): Promise<readonly string[]> {
  const path = `${folder}/${synchronous}.db`;
  await using outbox = await SqliteOutbox.open(path, { synchronous });
  outbox.append(QUEUE, [newWrite()]);
  const body = storedIn(path);
  using bare = new DatabaseSync(`${folder}/${synchronous}-bare.db`);
  bare.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  bare.exec("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
  const insert = bare.prepare("INSERT INTO bare (body) VALUES (?)");
  const [appends, inserts]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS[synchronous]; turn++) {
    const write = newWrite();
    appends.push(timed(() => outbox.append(QUEUE, [write])));
    inserts.push(timed(() => insert.run(body)));
  }
  const [append, bareInsert] = [median(appends), median(inserts)];
  const [appendMean, insertMean] = [mean(appends), mean(inserts)];
  const times = [append, bareInsert, append / bareInsert, appendMean, insertMean, appendMean / insertMean];
  const cells = times.map((time, at) => at % 3 === 2 ? `${time.toFixed(2)}×` : micros(time));
  return [`synchronous = ${synchronous}`, ...cells];
}

/** The bytes of the write in an outbox. An open reader would keep the write-ahead log from being used again. */
function storedIn(path: string): SQLOutputValue {
  using db = new DatabaseSync(path);
  return db.prepare("SELECT body FROM vantage_outbox_entry").all()[0]?.body ?? null;
}

async function inBulk(name: string, outbox: Outbox & Partial<AsyncDisposable>): Promise<readonly string[]> {
  const batches = Array.from({ length: LOADED / BATCH }, () => Array.from({ length: BATCH }, newWrite));
  const appending = await timedOf(async () => {
    for (const writes of batches) await outbox.append(QUEUE, writes);
  });
  let loaded = 0;
  const loading = await timedOf(async () => {
    for (let after = 0;;) {
      const page = await outbox.load(QUEUE, after, PAGE);
      loaded += page.length;
      after = page.at(-1)?.position ?? after;
      if (page.length < PAGE) break;
    }
  });
  if (loaded !== LOADED) throw new Error(`${name} has loaded ${loaded} writes`);
  const term = await outbox.lease(QUEUE, "bench", 1, 1_000) ?? -1;
  const marking = await timedOf(async () => {
    for (const writes of batches) {
      await outbox.mark(QUEUE, term, writes.map(({ id }): OutboxMark => ({ kind: "sent", id })), 1);
      await outbox.mark(QUEUE, term, writes.map(({ id }): OutboxMark => ({ kind: "answered", id })), 1);
    }
  });
  await outbox[Symbol.asyncDispose]?.();
  return [name, micros(appending / LOADED), micros(marking / LOADED), `${loading.toFixed(0)} ms`];
}

function newWrite(): StoredWrite {
  const number = ++written;
  const id = `0192f1c0-0000-7000-8000-${String(number).padStart(12, "0")}`;
  const rowId = `client-${number % 5_000}`;
  const partial = { name: `Client ${number}`, city: "Riga", note: "x".repeat(100), balance: number / 100, vip: false };
  const op = { kind: "patch", id: rowId, partial } as const;
  return { id, op, within: {}, rowId, acceptedAt: 1_700_000_000_000 + number, acceptedBy: "bench" };
}

function timed(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

async function timedOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

function micros(ms: number): string {
  return `${(ms * 1_000).toFixed(1)} µs`;
}
