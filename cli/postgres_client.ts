import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { PostgresTagClient } from "@vantage/live/postgres";
import { BadInput } from "./bad_input.ts";
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
  static async open({ url }: PostgresMaster): Promise<PostgresClient> {
    const open = await load();
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

/** It may be installed beside the demo, or in the current folder. */
async function load(): Promise<Open> {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "demo.js")).href]) {
    const path = resolvedFrom(from);
    if (path !== undefined) return (await import(pathToFileURL(path).href)).default;
  }
  throw new BadInput(
    `--master postgres://... needs the npm package postgres; "npm install --no-save postgres@3" in this folder adds it`,
  );
}

function resolvedFrom(from: string): string | undefined {
  try {
    return createRequire(from).resolve("postgres");
  } catch {
    return undefined;
  }
}
