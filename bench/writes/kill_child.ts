/** A process that makes writes until it is killed, and prints the number of each one that was accepted. */
import { RestTable } from "@vantage/live/rest";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { given } from "./alone.ts";
import { liveWriter } from "./live_writer.ts";
import { offlineWriter } from "./offline_writer.ts";
import { sqliteStored } from "./sqlite_stored.ts";
import type { WriteMaster } from "./write_master.ts";
import type { Writer } from "./writer.ts";

/** What a process does. */
export interface KillCase {
  readonly library: "live" | "offline";
  /** The file of its outbox. */
  readonly path: string;
  /** The master. */
  readonly url: string;
  /** The number of the first write to make; `undefined` to make none, and send what is there. */
  readonly first: number | undefined;
  readonly rows: number;
}

/** How long a process has the right to send after it was last heard of. */
const LEASE_MS = 200;
/** How many writes are made in one turn of the event loop. */
const PER_TURN = 5;

async function writerOf({ library, path }: KillCase): Promise<Writer> {
  if (library === "offline") return offlineWriter(() => sqliteStored(path));
  return liveWriter({ outbox: await SqliteOutbox.open(path), outboxLeaseMs: LEASE_MS });
}

async function remote(url: string): Promise<WriteMaster> {
  const table = await RestTable.open(url);
  const patch: WriteMaster["patch"] = (id, partial, idempotencyKey) =>
    table.patchValue(id, partial, { idempotencyKey });
  return { table, patch, counts: { applied: 0, mostAtOnce: 0 }, until: () => Promise.resolve() };
}

if (import.meta.main) {
  const work = given<KillCase>();
  const open = await (await writerOf(work)).open(await remote(work.url), work.rows);
  const write = async (number: number): Promise<void> => {
    await open.write(number % work.rows, number);
    writeSync(1, `${number}\n`);
  };
  for (let number = work.first; number !== undefined; number += PER_TURN) {
    for (let made = 0; made < PER_TURN; made++) void write(number + made);
    await setTimeout(1);
  }
  await setTimeout(60_000);
}
