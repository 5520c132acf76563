import { describe } from "node:test";
import { MemOutbox } from "@vantage/live";
import { type SqliteHandle, SqliteOutbox } from "@vantage/live/sqlite";
import { outboxConformance, type OutboxHarness } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";
import { drivers, type OpenMemory } from "./sqlite_handles.ts";
import { newPath } from "./temp_folder.ts";

/** Small enough to be reached by the cases. */
const BOUNDS = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };
const MAX_BYTES = 8_000_000;

runSuite("MemOutbox keeps the promises of Outbox", outboxConformance, () => {
  const outbox = new MemOutbox(BOUNDS);
  return { persistent: false, bounds: BOUNDS, open: () => Promise.resolve({ outbox, close: () => {} }) };
});

runSuite("SqliteOutbox in a file keeps the promises of Outbox", outboxConformance, () => {
  const path = newPath("outbox.db");
  return {
    persistent: true,
    bounds: BOUNDS,
    maxWriteBytes: MAX_BYTES,
    open: async () => opened(await SqliteOutbox.open(path, { ...BOUNDS, maxBytes: MAX_BYTES, synchronous: "normal" })),
    damage: async (queue, id) => {
      const { DatabaseSync } = await import("node:sqlite");
      using db = new DatabaseSync(path);
      damage(db, queue, id);
    },
  };
});

for (const { name, missing, open } of drivers) {
  const title = `SqliteOutbox in a handle of ${name} keeps the promises of Outbox`;
  if (missing === undefined) runSuite(title, outboxConformance, () => inHandle(open));
  else describe(title, () => skippable("is tried with every case", missing, () => {}));
}

/** The handle stays open when an outbox on it is closed, so what it holds outlives every outbox. */
function inHandle(open: OpenMemory): OutboxHarness {
  let opening: Promise<SqliteHandle> | undefined;
  const handle = (): Promise<SqliteHandle> => opening ??= open();
  return {
    persistent: true,
    bounds: BOUNDS,
    maxWriteBytes: MAX_BYTES,
    open: async () => opened(await SqliteOutbox.open(await handle(), { ...BOUNDS, maxBytes: MAX_BYTES })),
    damage: async (queue, id) => damage(await handle(), queue, id),
  };
}

function opened(outbox: SqliteOutbox): { outbox: SqliteOutbox; close: () => Promise<void> } {
  return { outbox, close: () => outbox.close() };
}

function damage(handle: SqliteHandle, queue: string, id: string): void {
  handle.prepare("UPDATE vantage_outbox_entry SET body = x'ff00ff00' WHERE queue = ? AND id = ?").run(queue, id);
}
