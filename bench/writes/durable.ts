/** What it costs to accept a write durably, beside the bare insert into SQLite, measured in a process of its own. */
import { LiveTable, MemCache } from "@vantage/live";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { temporaryPath } from "../fixture.ts";
import { alone, answer, given } from "./alone.ts";
import { rowId, writeMaster } from "./write_master.ts";

/** What is measured. */
export interface DurableCase {
  readonly synchronous: "full" | "normal";
  /** How many writes are made before the first is awaited. */
  readonly atOnce: number;
}

/** The time for one write, in the best of some rounds. */
export interface DurableTimes {
  readonly acceptUs: number;
  readonly insertUs: number;
}

const ROUNDS = 30;
const WRITES = 200;

/** Measures in a new process; `undefined` if it did not end in time. */
export function measureDurable(durable: DurableCase): Promise<DurableTimes | undefined> {
  return alone(fileURLToPath(import.meta.url), durable);
}

async function times({ synchronous, atOnce }: DurableCase): Promise<DurableTimes> {
  await using outbox = await SqliteOutbox.open(temporaryPath("outbox.db"), { synchronous });
  await using table = new LiveTable(writeMaster(0).table, "products", new MemCache(), { outbox });
  table.setOnline(false); // Only what accepting costs.
  const insert = bareInsert(synchronous);
  let value = 0;
  const accept = async (): Promise<void> => {
    for (let at = 0; at < WRITES; at += atOnce) {
      const writes = Array.from({ length: atOnce }, () => {
        const id = rowId(value++);
        return table.enqueue({ kind: "patch", id, partial: { stock: value } }).accepted;
      });
      await Promise.all(writes);
    }
  };
  const inserts = (): void => {
    for (let at = 0; at < WRITES; at++) insert(value++);
  };
  const best = { acceptUs: Infinity, insertUs: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    best.acceptUs = Math.min(best.acceptUs, await usOf(accept));
    best.insertUs = Math.min(best.insertUs, await usOf(inserts));
  }
  for (const write of table.pendingWrites()) write.cancel();
  return best;
}

async function usOf(work: () => Promise<void> | void): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) * 1_000 / WRITES;
}

/** One row for each write, with an id and its content, committed alone. */
function bareInsert(synchronous: string): (value: number) => void {
  const db = new DatabaseSync(temporaryPath("bare.db"));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  db.exec("CREATE TABLE entry (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL)");
  const statement = db.prepare("INSERT INTO entry (id, body) VALUES (?, ?)");
  const body = new Uint8Array(120);
  return (value) => void statement.run(`0123456789abcdef0123456789abcdef-${value}`, body);
}

if (import.meta.main) answer(await times(given<DurableCase>()));
