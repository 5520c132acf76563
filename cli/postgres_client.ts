import type { PostgresTagClient } from "@vantage/live/postgres";
import { loadPackage } from "./loaded_package.ts";
import type { PostgresMaster } from "./places.ts";

/** A connected client of postgres.js, which closes with it. */
export class PostgresClient implements AsyncDisposable {
  readonly client: PostgresTagClient;
  readonly #end: () => Promise<void>;

  private constructor(client: PostgresTagClient & Ending) {
    this.client = client;
    this.#end = () => client.end({ timeout: 1 });
  }

  /**
   * Loads postgres.js, which the demo does not bring along, and makes a client. Nothing is connected yet.
   *
   * @throws {BadInput} if it is not installed.
   */
  static open({ url }: PostgresMaster): PostgresClient {
    const loaded = loadPackage("postgres", "3", "--master postgres://...") as Open | { readonly default: Open };
    const open = typeof loaded === "function" ? loaded : loaded.default; // Bun takes its other form, an ES module.
    return new PostgresClient(open(url, { max: 2, connect_timeout: 10, onnotice: () => {} }));
  }

  /** Ends its connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

interface Ending {
  end(options: { readonly timeout: number }): Promise<void>;
}

type Open = (url: string, options: object) => PostgresTagClient & Ending;
