import { describe } from "../../base/describe.ts";
import { InvalidAnswerError, TableError, UnavailableError } from "../../table/errors.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import { askOne } from "./surreal_answers.ts";
import { isRecordId } from "./surreal_classes.ts";
import { surrealError } from "./surreal_errors.ts";
import type { SurrealLiveHandle, SurrealLiveMessage, SurrealSubscription } from "./surreal_handle.ts";
import { idOf } from "./surreal_ids.ts";
import { losesMessages } from "./surreal_lossy_client.ts";
import { ql, quoteName } from "./surreal_ql.ts";
import { ANY, parseType, type SurrealType } from "./surreal_type.ts";

/** What a session calls, and what it has to know. */
export interface SessionObserver {
  /** Whether messages reach the client one by one. */
  readonly oneByOne: boolean;
  onEvent(event: LiveEvent): void;
  onState(state: "live" | "lost", error?: unknown): void;
  /** The session is over, and tries no more. */
  onOver(error: TableError): void;
}

function disconnected(table: string): UnavailableError {
  return new UnavailableError(`Cannot listen to the changes of ${describe(table)}: SurrealDB is disconnected`, {
    effect: "none",
  });
}

/** How often the query is registered if that conflicts with other changes of the table's definition. */
const MAX_TRIES = 5;

const KINDS: Readonly<Record<string, "inserted" | "updated" | "deleted">> = {
  CREATE: "inserted",
  UPDATE: "updated",
  DELETE: "deleted",
};

/** A live query of a table, registered again each time the connection is back or somebody killed it. */
export class SurrealLiveSession {
  readonly #client: SurrealLiveHandle;
  readonly #table: string;
  readonly #observer: SessionObserver;
  readonly #over = new AbortController();
  readonly #leave: (() => void)[] = [];
  #subscription: SurrealSubscription | undefined;
  #unlisten = (): void => {};
  #idType: SurrealType = ANY;
  /** The number of the last try to register. An earlier one counts no more. */
  #tries = 0;

  constructor(client: SurrealLiveHandle, table: string, observer: SessionObserver) {
    this.#client = client;
    this.#table = table;
    this.#observer = observer;
  }

  /** Aborted when the session is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Registers the query, and listens. */
  async run(): Promise<void> {
    try {
      this.#leave.push(
        this.#client.subscribe("connected", () => void this.#register()),
        this.#client.subscribe("reconnecting", () => this.#lose()),
        this.#client.subscribe("disconnected", () => void this.#fail(disconnected(this.#table))),
      );
    } catch (error) {
      return await this.#fail(error);
    }
    await this.#register();
  }

  /** Kills the query. */
  async stop(): Promise<void> {
    this.#over.abort();
    for (const leave of this.#leave.splice(0)) leave();
    await this.#kill(this.#forget());
  }

  async #register(): Promise<void> {
    const tried = ++this.#tries;
    const isOld = (): boolean => this.#over.signal.aborted || tried !== this.#tries;
    const before = this.#forget();
    try {
      await this.#kill(before);
      const type = await this.#readIdType();
      const id = await askOne(this.#client, ql`LIVE SELECT VALUE id FROM ${quoteName(this.#table)}`, MAX_TRIES);
      const subscription = await this.#client.liveOf(id);
      const isLossy = !this.#observer.oneByOne && await losesMessages(subscription);
      if (isOld()) return await this.#kill(subscription);
      this.#idType = type;
      this.#subscription = subscription;
      this.#unlisten = subscription.subscribe((message) => {
        if (subscription === this.#subscription) this.#receive(message, isLossy);
      });
    } catch (error) {
      if (!isOld()) await this.#fail(error);
      return;
    }
    this.#observer.onState("live");
    // What happened until now was not heard of.
    this.#observer.onEvent({ kind: "changed" });
  }

  /** Ids are texts in another way where all keys are texts. A user who may not read definitions sees the other way. */
  async #readIdType(): Promise<SurrealType> {
    const statement = ql`(INFO FOR TABLE ${quoteName(this.#table)} STRUCTURE).fields`;
    const fields: unknown = await askOne(this.#client, statement).catch(() => []);
    const field = Array.isArray(fields) ? fields.find(({ name }) => name === "id") : undefined;
    return parseType(field?.kind);
  }

  #receive({ action, recordId }: SurrealLiveMessage, isLossy: boolean): void {
    const kind = Object.hasOwn(KINDS, action) ? KINDS[action] : undefined;
    if (kind === undefined) {
      if (action === "KILLED") void this.#register();
      return;
    }
    // With this message, others of other rows may have been lost.
    this.#observer.onEvent(isLossy ? { kind: "changed" } : this.#eventOf(kind, recordId));
  }

  #eventOf(kind: "inserted" | "updated" | "deleted", recordId: unknown): LiveEvent {
    try {
      if (isRecordId(recordId)) return { kind, id: idOf(recordId.id, this.#idType) };
    } catch {
      // No row can have this key, but something changed.
    }
    return { kind: "changed" };
  }

  /** The client connects again by itself. */
  #lose(): void {
    this.#tries++;
    if (this.#forget() !== undefined) this.#observer.onState("lost");
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#over.signal.aborted) return;
    const failure = surrealError(error, `listen to the changes of ${describe(this.#table)}`);
    const known = failure instanceof TableError ? failure : new InvalidAnswerError(String(failure), { cause: failure });
    await this.stop();
    this.#observer.onState("lost", known);
    this.#observer.onOver(known);
  }

  #forget(): SurrealSubscription | undefined {
    const before = this.#subscription;
    this.#subscription = undefined;
    this.#unlisten();
    this.#unlisten = (): void => {};
    return before;
  }

  /** If the connection is lost, so is the query. */
  async #kill(subscription: SurrealSubscription | undefined): Promise<void> {
    await subscription?.kill().catch(() => {});
  }
}
