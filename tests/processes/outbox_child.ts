/**
 * A process that appends writes to an outbox and marks some as answered, until it is killed or there is nothing more to do.
 * It tells of every step before it takes it and after it has the answer.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { type Outbox, OutboxError, type StoredWrite } from "@vantage/live";
import { openOutbox, type OutboxVictimOptions, type Step } from "./outbox_victim.ts";

const { kind, path, queue }: OutboxVictimOptions = JSON.parse(process.argv[2] ?? "");
/** How long its leases are: longer than it lives, so that each process has its own queue. */
const LEASE_MS = 60_000;

let ended = false;
process.stdin.on("end", () => void (ended = true)).resume();

await using outbox = await openOutbox(kind, path);
let next = 0;
for (let round = 0; !ended; round++) {
  const ids = Array.from({ length: 1 + round % 4 }, () => `${queue}-${next++}`);
  await tell({ kind: "append", ids }, () => outbox.append(queue, ids.map((id) => newWrite(id, ids.length))));
  if (round % 3 !== 2) continue;
  const answered = ids.slice(0, 2);
  await tell({ kind: "answer", ids: answered }, () => answer(outbox, answered));
}
say({ ended: true });

async function answer(on: Outbox, ids: readonly string[]): Promise<void> {
  const term = await on.lease(queue, "only", 1, LEASE_MS) ?? -1;
  const marks = ids.flatMap((id) => [{ kind: "sent", id }, { kind: "answered", id }] as const);
  if (!await on.mark(queue, term, marks, 1)) throw new Error("The lease was lost");
}

async function tell(step: Step, work: () => unknown): Promise<void> {
  say({ begun: step });
  while (!await isDone(work));
  say({ done: step });
}

/** Another process may have the lock for long: then nothing was done. */
async function isDone(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof OutboxError && error.retriable && error.effect === "none") return false;
    throw error;
  }
}

function newWrite(id: string, of: number): StoredWrite {
  const op = { kind: "insert", id, row: { id, of, text: "x".repeat(300) } } as const;
  return { id, op, within: {}, rowId: id, acceptedAt: 1, acceptedBy: "only" };
}

/** At once, so that nothing is lost that was said before the end. */
function say(what: unknown): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}
