import type { LiveEvent } from "../../stream/live_event.ts";
import type { Session } from "./postgres_database.ts";
import type { Lsn } from "./postgres_lsn.ts";
import { readSchema, type SchemaOptions } from "./postgres_schema.ts";
import type { SlotTransaction } from "./postgres_slot_batch.ts";
import { SlotEvents } from "./postgres_slot_events.ts";
import { checkPublication, type SlotNames } from "./postgres_slot_state.ts";
import type { SlotSubscriber } from "./postgres_slot_subscriber.ts";

const CHANGED: LiveEvent = { kind: "changed" };

/** What a {@linkcode SlotFeed} works with. */
export interface SlotFeedOptions extends SchemaOptions {
  readonly db: Session;
  readonly names: SlotNames;
  readonly table: string;
  /** Whether events have rows where that is possible. */
  readonly withRows: boolean;
  /** Called with what was thrown while rows were read from messages. */
  readonly onUnreadable: (error: unknown) => void;
}

/** The events of one table among those of a slot, and who receives them. */
export class SlotFeed {
  readonly subscribers: Set<SlotSubscriber> = new Set();
  readonly #options: SlotFeedOptions;
  #events: SlotEvents | undefined;

  constructor(options: SlotFeedOptions) {
    this.#options = options;
  }

  /**
   * Checks that the slot has all changes of the table.
   *
   * @throws {NotFoundError | UnsupportedError | UnauthorizedError} if it has not.
   */
  async open(): Promise<void> {
    const { db, names, table, withRows } = this.#options;
    const schema = await readSchema(db, table, this.#options);
    await checkPublication(db, names, schema);
    this.#events = new SlotEvents(schema, withRows);
  }

  /** Fails all its subscribers. */
  end(error: Error): void {
    for (const subscriber of this.subscribers) subscriber.end(error);
  }

  /** Sends the events of transactions, in their order, to those who have not received them. */
  async push(transactions: readonly SlotTransaction[]): Promise<void> {
    const first = transactions.find(({ end }) => this.#isNew(end));
    if (first === undefined) return;
    const events = await this.#eventsOf(transactions.slice(transactions.indexOf(first)));
    for (const [end, ofTransaction] of events) {
      for (const subscriber of this.subscribers) {
        if (subscriber.pushed !== undefined && subscriber.pushed < end) subscriber.push(ofTransaction, end);
      }
    }
  }

  #isNew(end: Lsn): boolean {
    return [...this.subscribers].some(({ pushed }) => pushed !== undefined && pushed < end);
  }

  async #eventsOf(transactions: readonly SlotTransaction[]): Promise<ReadonlyMap<Lsn, readonly LiveEvent[]>> {
    const { db, onUnreadable } = this.#options;
    const events = this.#events;
    const ours = transactions.map(({ changes }) => changes?.filter((change) => events?.isOf(change) === true));
    try {
      const read = await events?.of(ours.flatMap((changes) => changes ?? []), db) ?? [];
      let at = 0;
      return new Map(transactions.map(({ end }, index) => {
        const changes = ours[index];
        const count = changes?.length ?? 0;
        const ofTransaction = changes === undefined ? [CHANGED] : read.slice(at, at + count).flat();
        at += count;
        return [end, ofTransaction];
      }));
    } catch (error) {
      // As after a type was changed: what cannot be read has changed.
      onUnreadable(error);
      return new Map(transactions.map(({ end }, index) => [end, ours[index]?.length === 0 ? [] : [CHANGED]]));
    }
  }
}
