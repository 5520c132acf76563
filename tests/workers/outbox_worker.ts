import { isUnreadable, type StoredWrite } from "@vantage/live";
import { DurableObjectOutbox, type DurableObjectSql, type DurableObjectStorage } from "@vantage/live/durable-object";
import { outboxConformance, type OutboxHarness } from "@vantage/live/testing";
import { type Deeds, type ObjectClass, objectOf, objectWorker } from "./object_worker.ts";

const BOUNDS = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };
const QUEUE = "marty/products";

/** An outbox in the storage of an object. */
export function outboxHarness(storage: DurableObjectStorage): OutboxHarness {
  return {
    persistent: true,
    bounds: BOUNDS,
    maxWriteBytes: 2_000_000,
    open: () => Promise.resolve({ outbox: new DurableObjectOutbox(storage, BOUNDS), close: () => {} }),
    damage: (queue, id) => damage(storage.sql, queue, id),
  };
}

const DEEDS: Deeds = {
  async conformance({ storage }, parameters) {
    const wanted = outboxConformance.find(({ name }) => name === parameters.get("case"));
    if (wanted === undefined) throw new Error(`There is no such case: ${parameters}`);
    await wanted.run(outboxHarness(storage));
  },

  append({ storage }, parameters) {
    return new DurableObjectOutbox(storage).append(QUEUE, [write(parameters.get("id") ?? "")]);
  },
  load({ storage }) {
    return idsIn(new DurableObjectOutbox(storage));
  },
  abort(ctx) {
    ctx.abort("told to");
  },

  async emptied({ storage }) {
    const outbox = new DurableObjectOutbox(storage);
    outbox.append(QUEUE, [write("old")]);
    await storage.deleteAll();
    const held = idsIn(outbox);
    outbox.append(QUEUE, [write("new")]);
    return { held, then: idsIn(outbox) };
  },
  largest({ storage }) {
    const outbox = new DurableObjectOutbox(storage);
    const append = (bytes: number): string => {
      const op = { kind: "insert", id: "a", row: { bytes: new Uint8Array(bytes) } } as const;
      try {
        return String(outbox.append(QUEUE, [write(`w${bytes}`, op)]).length);
      } catch (error) {
        return String(error);
      }
    };
    return [append(1_999_500), append(2_000_000)];
  },
  newer({ storage }) {
    new DurableObjectOutbox(storage).append(QUEUE, [write("kept")]);
    storage.sql.exec("UPDATE vantage_outbox_total SET version = 2");
    const refused: unknown[] = [];
    const outbox = new DurableObjectOutbox(storage);
    for (const call of [() => outbox.append(QUEUE, [write("x")]), () => outbox.load(QUEUE, 0, 1)]) {
      try {
        call();
      } catch (error) {
        refused.push(error instanceof Error ? error.name : error);
      }
    }
    const { entries } = storage.sql.exec<{ entries: number }>("SELECT count(*) AS entries FROM vantage_outbox_entry")
      .one();
    return { refused, entries };
  },
};

/** What is kept in the storage of an object. */
export const OutboxObject: ObjectClass = objectOf(DEEDS);

export default objectWorker;

function write(id: string, op: StoredWrite["op"] = { kind: "delete", id: "a" }): StoredWrite {
  return { id, op, within: {}, rowId: "a", acceptedAt: 1, acceptedBy: "a" };
}

function idsIn(outbox: DurableObjectOutbox): unknown[] {
  return outbox.load(QUEUE, 0, 10).map((entry) => isUnreadable(entry) ? "unreadable" : entry.write.id);
}

function damage(sql: DurableObjectSql, queue: string, id: string): void {
  sql.exec("UPDATE vantage_outbox_entry SET body = x'ff00ff00' WHERE queue = ? AND id = ?", queue, id);
}
