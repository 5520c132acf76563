import postgres from "postgres";
import { installNotify } from "@vantage/live/postgres";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { startPostgres } from "../../databases/postgres_server.ts";
import { COLUMNS, type Content, type Contents, HEARD, IDS, type TableName, TABLES } from "./shop_tables.ts";

/** How long it takes to try again what failed. */
const RETRY_MS = 20;
/** How often something is tried before it counts as impossible. */
const MOST_TRIES = 1_500;

/** The database of all hosts, and what others do to it. */
export class Shop implements AsyncDisposable {
  readonly #server: DatabaseServer;
  readonly #sql: postgres.Sql;
  #version = 0;

  private constructor(server: DatabaseServer) {
    this.#server = server;
    this.#sql = postgres({
      host: "127.0.0.1",
      port: server.port,
      user: "postgres",
      database: "postgres",
      max: 2,
      // So that it is there before the hosts are.
      backoff: () => 0.01,
      connect_timeout: 2,
      onnotice: () => {},
    });
  }

  /** Starts the database, with its tables. */
  static async open(): Promise<Shop> {
    const shop = new Shop(await startPostgres({ wal_level: "logical" }));
    const columns = COLUMNS.map((column) => `${column} INT NOT NULL DEFAULT 0`).join(", ");
    const ids = IDS.map((id) => `('${id}')`).join(", ");
    for (const name of TABLES) {
      await shop.#run(`CREATE TABLE ${name} (id TEXT PRIMARY KEY, text TEXT NOT NULL DEFAULT '', ${columns})`);
      await shop.#run(`INSERT INTO ${name} (id) VALUES ${ids}`);
    }
    await shop.#run("CREATE PUBLICATION shop FOR TABLE orders");
    await installNotify(shop.#sql, "products");
    return shop;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Changes a row behind all hosts, in a table of which the database tells. It may be away just now. */
  async change(random: (bound: number) => number): Promise<void> {
    const [table, id] = [HEARD[random(HEARD.length)], IDS[random(IDS.length)]];
    const version = ++this.#version;
    await this.#run(`UPDATE ${table} SET outside = ${version} WHERE id = '${id}'`).catch(() => {});
  }

  /** What all tables contain. */
  async contents(): Promise<Contents> {
    return await this.contentsOf(TABLES) as Contents; // Of all tables.
  }

  /** What some tables contain. */
  async contentsOf(tables: readonly TableName[]): Promise<Partial<Contents>> {
    const contents = await Promise.all(tables.map(async (name) => [name, await this.#content(name)] as const));
    return Object.fromEntries(contents);
  }

  /** Ends it, and starts it again after a time. */
  async restart(awayMs: number): Promise<void> {
    await this.#server.halt();
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    await this.#server.restart();
    await this.#again(() => this.#run("SELECT 1"));
  }

  /** Drops a slot, as soon as it is not being read, and changes a row that it would have told of. */
  async dropSlot(slot: string): Promise<void> {
    const change = `UPDATE orders SET outside = ${++this.#version} WHERE id = '${IDS[0]}'`;
    await this.#again(() => this.#run(`SELECT pg_drop_replication_slot('${slot}'); ${change}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end({ timeout: 1 });
    await this.#server.stop();
  }

  async #content(table: TableName): Promise<Content> {
    const rows = await this.#run(`SELECT id, ${COLUMNS.join(", ")} FROM ${table}`);
    return Object.fromEntries(rows.map((row) => [row.id, COLUMNS.map((column) => Number(row[column]))]));
  }

  async #run(sql: string): Promise<readonly postgres.Row[]> {
    return await this.#sql.unsafe(sql);
  }

  async #again(work: () => Promise<unknown>): Promise<void> {
    for (let time = 1;; time++) {
      try {
        await work();
        return;
      } catch (error) {
        if (time === MOST_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
