import type { PostgresClient, PostgresHandle, PostgresRow } from "@vantage/live/postgres";
import { databaseOf } from "../../../src/drivers/postgres/postgres_database.ts";

/** A client whose statements a test holds up. */
export class GatedClient implements PostgresHandle {
  readonly #query: (text: string, params: (string | null)[]) => Promise<readonly PostgresRow[]>;
  readonly #running = new Set<Promise<unknown>>();
  readonly #onQuery: (text: string) => void;
  #gate: PromiseWithResolvers<void> | undefined;

  /** @param onQuery called with each statement */
  constructor(client: PostgresClient, onQuery: (text: string) => void = () => {}) {
    const database = databaseOf(client);
    this.#onQuery = onQuery;
    this.#query = (text, params) => database.query(text, params);
  }

  async query(text: string, params: (string | null)[]): Promise<readonly PostgresRow[]> {
    await this.#gate?.promise;
    this.#onQuery(text);
    const running = this.#query(text, params);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  transaction<T>(): Promise<T> {
    throw new Error("Nothing is written");
  }

  /** Holds up all statements, and resolves when those that have begun have ended. */
  async hold(): Promise<void> {
    this.#gate = Promise.withResolvers();
    await Promise.allSettled(this.#running);
  }

  /** Lets them go on. */
  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
}
