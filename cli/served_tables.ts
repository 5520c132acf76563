import type { DatabaseSync } from "node:sqlite";
import { LiveTable, NoCache, type Tracer, UnsupportedError } from "@vantage/live";
import { type TableHandler, tableHandler } from "@vantage/live/server";
import { SqliteTable } from "@vantage/live/sqlite";
import { opening } from "./bad_input.ts";
import { FileChanges } from "./file_changes.ts";
import { checkExists } from "./opened_master.ts";
import type { FileMaster } from "./places.ts";
import { openDatabase } from "./seeding.ts";

/** Options of {@linkcode ServedTables}. */
export interface ServedTablesOptions {
  readonly writable: boolean;
  readonly tracer: Tracer | undefined;
}

/** The most rows of an answer, as many as `list --limit` accepts. */
const MAX_ROWS = 1_000_000;
const TABLE_NAMES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/**
 * Every table of a database over HTTP, each under its name. In front of each is a live table without a cache, whose
 * events include writes through it and changes of others to the file.
 */
export class ServedTables implements AsyncDisposable {
  /** Emits changes of others to the file. */
  readonly changes: FileChanges;
  readonly #db: DatabaseSync;
  readonly #handlers = new Map<string, TableHandler>();
  readonly #tables: LiveTable[] = [];

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.changes = new FileChanges(db);
  }

  /**
   * Opens a database. All tables and the watcher of the file share one handle, so that writes from here are not taken
   * for changes of others.
   *
   * @throws {BadInput} if it does not exist, or cannot be opened.
   */
  static async open(master: FileMaster, options: ServedTablesOptions): Promise<ServedTables> {
    checkExists(master);
    return await opening(`the master ${JSON.stringify(master.path)}`, async () => {
      const served = new ServedTables(openDatabase(master.path));
      try {
        await served.#serveAll(options);
        return served;
      } catch (error) {
        await served[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  get names(): readonly string[] {
    return this.#tables.map(({ tableName }) => tableName);
  }

  /** The tables by their names. */
  get live(): { readonly [name: string]: LiveTable } {
    return Object.fromEntries(this.#tables.map((table) => [table.tableName, table]));
  }

  /** Answers a request; the root lists the tables. */
  async answer(request: Request): Promise<Response> {
    const [, place = ""] = new URL(request.url).pathname.split("/");
    const handler = this.#handlers.get(place);
    if (handler !== undefined) return await handler(request);
    if (place === "") return Response.json({ tables: this.names });
    const detail = `There is no such table; there are ${this.names.join(", ")}`;
    const problem = { title: "Not found", status: 404, detail, code: "not_found", retriable: false, effect: "none" };
    return Response.json(problem, { status: 404, headers: { "content-type": "application/problem+json" } });
  }

  /** Ends all streams of events, waits for writes in flight, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const handler of this.#handlers.values()) await handler.close();
    for (const table of this.#tables) await table.close();
    this.#db.close();
  }

  async #serveAll(options: ServedTablesOptions): Promise<void> {
    for (const { name } of this.#db.prepare(TABLE_NAMES).all()) {
      // Skips tables that have no key.
      await this.#serve(String(name), options).catch((error: unknown) => {
        if (!(error instanceof UnsupportedError)) throw error;
      });
    }
  }

  async #serve(name: string, { writable, tracer }: ServedTablesOptions): Promise<void> {
    const master = await SqliteTable.open(this.#db, name);
    const table = new LiveTable(master, name, new NoCache(), { liveStream: this.changes, tracer });
    const place = encodeURIComponent(name);
    this.#tables.push(table);
    this.#handlers.set(place, tableHandler(table, { path: `/${place}`, writable, maxRows: MAX_ROWS }));
  }
}
