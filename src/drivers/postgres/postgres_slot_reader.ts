import type { Clock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { TableError, UnauthorizedError, UnavailableError } from "../../table/errors.ts";
import { quoteName } from "../sql/quote_name.ts";
import type { PostgresRow } from "./postgres_client.ts";
import type { Session } from "./postgres_database.ts";
import { postgresError, sqlStateOf } from "./postgres_errors.ts";
import { limited } from "./postgres_limit.ts";
import { type Lsn, lsnText } from "./postgres_lsn.ts";
import { batchOf, type SlotBatch } from "./postgres_slot_batch.ts";
import { ADVANCE_SQL, CREATE_SQL, DROP_SQL, PEEK_SQL, RUNNING_SQL } from "./postgres_slot_sql.ts";
import { readSlotState, type SlotNames, type SlotState } from "./postgres_slot_state.ts";

/** The SQLSTATE for something that is named and is not there. */
export const UNDEFINED = "42704";

/** What a {@linkcode SlotReader} works with. */
export interface SlotReaderOptions {
  readonly db: Session;
  readonly names: SlotNames;
  /** How many messages are read at once. */
  readonly maxChanges: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Reads a slot by plain SQL. */
export class SlotReader {
  readonly #options: SlotReaderOptions;

  constructor(options: SlotReaderOptions) {
    this.#options = options;
  }

  /** How the server and the slot are. */
  state(signal: AbortSignal): Promise<SlotState> {
    const { db, names } = this.#options;
    return this.#limited(() => readSlotState(db, names), signal);
  }

  /** The last 32 bits of the numbers of the transactions that have not ended for all readers. */
  async running(signal: AbortSignal): Promise<readonly number[]> {
    return (await this.#query(RUNNING_SQL, [], signal)).map(({ xid }) => Number(xid));
  }

  /** What was committed after what was taken off the slot. */
  async peek(signal: AbortSignal): Promise<SlotBatch> {
    const { names: { slot, publication }, maxChanges } = this.#options;
    return batchOf(await this.#query(PEEK_SQL, [slot, String(maxChanges), quoteName(publication)], signal));
  }

  /** Takes what comes before a place off the slot. */
  async advance(to: Lsn, signal: AbortSignal): Promise<void> {
    await this.#query(ADVANCE_SQL, [this.#options.names.slot, lsnText(to)], signal);
  }

  /** Makes the slot anew, which begins now. */
  async renew(signal: AbortSignal): Promise<void> {
    const { names: { slot } } = this.#options;
    await this.#query(DROP_SQL, [slot], signal);
    await this.#query(CREATE_SQL, [slot], signal, "The slot was not made, as while older transactions are running,");
  }

  /** The typed error for a failure, which says what is needed. */
  async explain(error: unknown, signal: AbortSignal): Promise<unknown> {
    const { names: { slot } } = this.#options;
    const state = sqlStateOf(error);
    if (error instanceof TableError || state === undefined) return error;
    switch (state) {
      case "42501":
        return new UnauthorizedError(
          `The user may not read the slot ${describe(slot)} (42501); needed is ALTER ROLE … REPLICATION`,
          { cause: error },
        );
      case "55006":
        return unavailable(`The slot ${describe(slot)} is in use (55006); each process needs a slot of its own`, error);
      case "53400":
        return unavailable(
          `The slot ${describe(slot)} cannot be made (53400); needed is a higher max_replication_slots`,
          error,
        );
      default:
        return await this.#explainByState(error, state, signal);
    }
  }

  /** What a message of PostgreSQL says changes with its versions, so the state of the slot tells. */
  async #explainByState(error: unknown, state: string, signal: AbortSignal): Promise<unknown> {
    const { names: { slot } } = this.#options;
    try {
      const { isLost, slot: found } = await this.state(signal);
      if (found !== undefined && state !== UNDEFINED) return postgresError(error, `read the slot ${describe(slot)}`);
      if (found !== undefined) return unavailable(`The slot ${describe(slot)} is older than its publication`, error);
      const what = isLost ? "has lost changes, which the server did not keep so long" : "is gone";
      return unavailable(`The slot ${describe(slot)} ${what}`, error);
    } catch (known) {
      return known instanceof TableError ? known : postgresError(error, `read the slot ${describe(slot)}`);
    }
  }

  #query(text: string, params: readonly string[], signal: AbortSignal, late?: string): Promise<readonly PostgresRow[]> {
    return this.#limited(() => this.#options.db.query(text, params), signal, late);
  }

  #limited<T>(begin: () => Promise<T>, signal: AbortSignal, late = "PostgreSQL did not answer"): Promise<T> {
    const { timeoutMs: ms, clock } = this.#options;
    return limited(begin, { ms, clock, signal, late });
  }
}

function unavailable(message: string, cause: unknown): UnavailableError {
  return new UnavailableError(message, { cause, effect: "none" });
}
