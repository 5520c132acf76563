import { existsSync } from "node:fs";
import type { Table } from "@vantage/live";
import { RestTable, type TableDescription } from "@vantage/live/rest";
import { SqliteTable } from "@vantage/live/sqlite";
import { BadInput, opening } from "./bad_input.ts";
import type { KeptMap } from "./kept_map.ts";
import { type FileMaster, type Places, type ServerMaster, tableUrl } from "./places.ts";

/** What is remembered of the tables of servers, by their URLs: so that what a cache holds can be read without asking. */
export type KnownTables = KeptMap<TableDescription>;

/** A master, whatever its kind, that is closed by whoever opened it. */
export class OpenedMaster implements AsyncDisposable {
  readonly table: Table;
  readonly #file: SqliteTable | undefined;

  private constructor(table: Table, file?: SqliteTable) {
    this.table = table;
    this.#file = file;
  }

  /**
   * Opens a master. A server is asked what its table is like, unless that is known.
   *
   * @throws {BadInput} if there is no such file or table.
   * @throws {UnavailableError} if the server is away.
   */
  static async open({ master, entity }: Places, known: KnownTables): Promise<OpenedMaster> {
    if (master.kind === "server") return new OpenedMaster(await openServed(entity, master, known));
    const file = await openFile(entity, master);
    return new OpenedMaster(file, file);
  }

  /** Closes the file, if it is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

/**
 * Asks the server what a table of it is like, and remembers that.
 *
 * @throws {BadInput} if it has no such table.
 * @throws {UnavailableError} if the server is away.
 */
export async function describeServed(
  entity: string,
  master: ServerMaster,
  known: KnownTables,
): Promise<TableDescription> {
  const url = tableUrl(entity, master);
  const description = await opening(
    `${JSON.stringify(entity)} in the master`,
    () => RestTable.describe(url),
  );
  known.set(url.href, description);
  return description;
}

async function openServed(entity: string, master: ServerMaster, known: KnownTables): Promise<Table> {
  const url = tableUrl(entity, master);
  return RestTable.served(url, known.get(url.href) ?? await describeServed(entity, master, known));
}

/** Whether something that was kept still is what a server says of a table. */
export function isDescription(value: unknown): value is TableDescription {
  try {
    // It is looked at there.
    RestTable.served("http://localhost/", value as TableDescription);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes sure that there is a file: who opens a database would make one.
 *
 * @throws {BadInput} if there is none.
 */
export function checkThere({ path }: FileMaster): void {
  if (existsSync(path)) return;
  throw new BadInput(`There is no master ${JSON.stringify(path)}; "demo seed --master ${path}" makes one`);
}

async function openFile(entity: string, master: FileMaster): Promise<SqliteTable> {
  checkThere(master);
  return await opening(
    `${JSON.stringify(entity)} in the master ${JSON.stringify(master.path)}`,
    () => SqliteTable.open(master.path, entity),
  );
}
