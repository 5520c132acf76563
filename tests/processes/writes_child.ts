/**
 * A process that writes through a `SqliteOutbox` to a master over HTTP, and sends what others have left there. It says
 * which writes it makes before they can be stored, which were accepted, and which were marked as sent.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import {
  LiveTable,
  NoCache,
  type Outbox,
  type OutboxMark,
  type TableLike,
  type Write,
  type WriteOp,
} from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { FakeClock } from "@vantage/live/testing";
import { FIRST_ROWS } from "./kept_master.ts";
import type { WriterOptions, WriterSays } from "./writes_victim.ts";

const { url, path, writer, writes, leaseMs, seed }: WriterOptions = JSON.parse(process.argv[2] ?? "");
const chance = new FakeClock({ seed });
const next = (bound: number): number => Math.floor(chance.random() * bound);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The term under which each write was marked as sent the last time. */
const terms = new Map<string, number>();
let retried = false;
let ended = false;
process.stdin.on("data", () => void (retried = true));
process.stdin.on("end", () => void (ended = true));

await using outbox = await SqliteOutbox.open(path, { synchronous: "normal" });
const master = await opened();
await using table = new LiveTable(master, "notes", new NoCache(), {
  outbox: watched(outbox),
  outboxLeaseMs: leaseMs,
  writeTimeoutMs: 250,
  writeConcurrency: 4,
  retry: { firstPauseMs: 20, longestPauseMs: 200, attempts: 10_000 },
});
say({ ready: writer });

/** Rows of its own, to whose insertion the master gives the id. */
const own: string[] = [];
let n = 0;
while (n < writes) {
  const round = Array.from({ length: 1 + next(4) }, () => make(operation()));
  await Promise.all(round);
  await pause(next(6));
}
// From here on it only sends.
while (!ended) {
  if (retried) {
    retried = false;
    const failed = await table.failedWrites();
    for (const { id } of failed) await table.retry(id);
    say({ retried: failed.length });
  }
  await pause(20);
}
process.exit(0);

async function make(op: WriteOp): Promise<void> {
  const write: Write = table.enqueue(op);
  const row = write.rowId ?? "";
  if (op.kind === "insertReturnId") own.push(row);
  say({ made: write.id, row });
  write.applied.catch(() => {});
  await write.accepted;
  say({ accepted: write.id });
}

function operation(): WriteOp {
  const row = { writer, n: ++n, text: "x".repeat(next(200)) };
  const kind = next(10);
  const [ownRow] = own;
  if (kind === 0) return { kind: "insert", id: `${writer}-${n}`, row };
  if (kind === 1) return { kind: "insertReturnId", row };
  if (kind === 2 && ownRow !== undefined) return { kind: "delete", id: own.shift() ?? ownRow };
  const id = kind < 6 ? own[next(own.length)] : undefined;
  return { kind: "patch", id: id ?? FIRST_ROWS[next(FIRST_ROWS.length)] ?? "r0", partial: row };
}

/** The master may be away just now. */
async function opened(): Promise<TableLike> {
  for (;;) {
    try {
      return await RestTable.open(url, { headers: { "x-writer": `${writer}` }, fetch: sending });
    } catch {
      await pause(20);
    }
  }
}

function sending(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const key = new Headers(init?.headers).get("idempotency-key");
  if (key === null) return fetch(input, init);
  const headers = new Headers(init?.headers);
  headers.set("x-term", `${terms.get(key)}`);
  return fetch(input, { ...init, headers });
}

/** The same outbox; the terms under which writes were marked as sent are remembered. */
function watched(inner: SqliteOutbox): Outbox {
  const mark = (queue: string, term: number, marks: readonly OutboxMark[], now: number): boolean => {
    const isDone = inner.mark(queue, term, marks, now);
    for (const { kind, id } of isDone ? marks : []) {
      if (kind !== "sent") continue;
      terms.set(id, term);
      say({ marked: id });
    }
    return isDone;
  };
  return new Proxy<Outbox>(inner, {
    get: (_, name) => {
      const member: unknown = name === "mark" ? mark : Reflect.get(inner, name);
      return typeof member === "function" ? member.bind(inner) : member;
    },
  });
}

/** At once, so that nothing is lost that was said before the end. */
function say(what: WriterSays): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}
