import { existsSync } from "node:fs";
import type { Table } from "@vantage/live";
import { PostgresTable } from "@vantage/live/postgres";
import { RestTable, type TableDescription } from "@vantage/live/rest";
import { SqliteTable } from "@vantage/live/sqlite";
import { BadInput, opening } from "./bad_input.ts";
import { type ConnectedSurreal, connectSurreal } from "./connected_surreal.ts";
import type { KeptMap } from "./kept_map.ts";
import {
  type FileMaster,
  type Places,
  type PostgresMaster,
  type ServerMaster,
  shownMaster,
  type SurrealMaster,
  tableUrl,
} from "./places.ts";
import { PostgresClient } from "./postgres_client.ts";
import { openSurrealTable } from "./surreal_bakery.ts";

/** Descriptions of the tables of servers by URL, so that cached rows can be read without a request. */
export type KnownTables = KeptMap<TableDescription>;

/** An open master of any kind, closed by disposing it. */
export class OpenedMaster implements AsyncDisposable {
  readonly table: Table;
  readonly #close: () => Promise<void>;

  private constructor(table: Table, close: () => Promise<void> = () => Promise.resolve()) {
    this.table = table;
    this.#close = close;
  }

  /**
   * Opens a master. Requests the description of a server's table unless it is known.
   *
   * @throws {BadInput} if there is no such file or table.
   * @throws {UnavailableError} if the server does not answer.
   */
  static async open({ master, entity }: Places, known: KnownTables): Promise<OpenedMaster> {
    switch (master.kind) {
      case "server":
        return new OpenedMaster(await openServed(entity, master, known));
      case "postgres": {
        const [table, client] = await openPostgres(entity, master);
        return new OpenedMaster(table, () => client[Symbol.asyncDispose]());
      }
      case "surreal": {
        const [table, client] = await openSurreal(entity, master);
        return new OpenedMaster(table, async () => void await client.close());
      }
      case "file": {
        const file = await openFile(entity, master);
        return new OpenedMaster(file, () => file.close());
      }
      default:
        return master satisfies never;
    }
  }

  /** Closes the file, or the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/**
 * Requests the description of a server's table, and remembers it.
 *
 * @throws {BadInput} if it has no such table.
 * @throws {UnavailableError} if the server does not answer.
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

/** Whether a remembered value is a valid description. */
export function isDescription(value: unknown): value is TableDescription {
  try {
    // It is checked there.
    RestTable.served("http://localhost/", value as TableDescription);
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks that the file exists, since opening a database would create it.
 *
 * @throws {BadInput} if it does not exist.
 */
export function checkExists({ path }: FileMaster): void {
  if (existsSync(path)) return;
  throw new BadInput(`There is no master ${JSON.stringify(path)}; "demo seed --master ${path}" makes one`);
}

async function openPostgres(entity: string, master: PostgresMaster): Promise<readonly [Table, PostgresClient]> {
  const client = PostgresClient.open(master);
  try {
    const what = `${JSON.stringify(entity)} in the master ${shownMaster(master)}`;
    return [await opening(what, () => PostgresTable.open(client.client, entity)), client];
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

async function openSurreal(entity: string, master: SurrealMaster): Promise<readonly [Table, ConnectedSurreal]> {
  const client = await connectSurreal(master);
  try {
    const what = `${JSON.stringify(entity)} in the master ${shownMaster(master)}`;
    return [await opening(what, () => openSurrealTable(client, entity)), client];
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function openFile(entity: string, master: FileMaster): Promise<SqliteTable> {
  checkExists(master);
  return await opening(
    `${JSON.stringify(entity)} in the master ${JSON.stringify(master.path)}`,
    () => SqliteTable.open(master.path, entity),
  );
}
