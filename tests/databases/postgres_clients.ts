import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import postgresJs from "postgres";
import type { PostgresClient } from "@vantage/live/postgres";

/** A client that is connected to a database. */
export interface OpenClient {
  readonly client: PostgresClient;
  /** Runs statements that have no parameters. */
  run(sql: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A kind of client. */
export interface ClientKind {
  readonly name: string;
  /** Why it is skipped here. */
  readonly missing: string | undefined;
  /** Whether it needs no server. */
  readonly isEmbedded: boolean;
  /** Whether it is tried with every kind of key. */
  readonly isThorough?: boolean;
  open(port: number): Promise<OpenClient>;
}

const [host, user, database] = ["127.0.0.1", "postgres", "postgres"];

/** Opens postgres.js. */
export function openPostgresJs(port: number): Promise<OpenClient> {
  const client = postgresJs({ host, port, user, database, max: 4, onnotice: () => {} });
  // It waits forever for a connection that was lost in a transaction.
  return Promise.resolve({ client, run: (sql) => client.unsafe(sql), close: () => client.end({ timeout: 1 }) });
}

/** Opens a pool of pg, of one client where a user is named. */
export function openPool(port: number, as?: string): Promise<OpenClient> {
  const client = new pg.Pool({ host, port, user: as ?? user, database, max: as === undefined ? 4 : 1 });
  // When the server stops, a connection that is being closed may learn of it first.
  client.on("error", () => {});
  return Promise.resolve({ client, run: (sql) => client.query(sql), close: () => client.end() });
}

async function openClient(port: number): Promise<OpenClient> {
  const client = new pg.Client({ host, port, user, database });
  client.on("error", () => {});
  await client.connect();
  return { client, run: (sql) => client.query(sql), close: () => client.end() };
}

async function openPglite(): Promise<OpenClient> {
  const client = await PGlite.create();
  return { client, run: (sql) => client.exec(sql), close: () => client.close() };
}

interface BunSql {
  unsafe(text: string, params?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  begin(work: (sql: BunSql) => Promise<unknown>): Promise<unknown>;
  close(): Promise<void>;
}

const Bun: { readonly SQL: new (url: string, options: { max: number }) => BunSql } | undefined = Reflect.get(
  globalThis,
  "Bun",
);

function openBunSql(port: number): Promise<OpenClient> {
  if (Bun === undefined) throw new Error("Not on Bun");
  const client = new Bun.SQL(`postgres://${user}@${host}:${port}/${database}`, { max: 4 });
  return Promise.resolve({ client, run: (sql) => client.unsafe(sql), close: () => client.close() });
}

/** The clients that are tried. */
export const CLIENTS: readonly ClientKind[] = [
  { name: "postgres.js", missing: undefined, isEmbedded: false, isThorough: true, open: openPostgresJs },
  { name: "a Pool of pg", missing: undefined, isEmbedded: false, isThorough: true, open: openPool },
  { name: "a Client of pg", missing: undefined, isEmbedded: false, open: openClient },
  { name: "PGlite", missing: undefined, isEmbedded: true, open: openPglite },
  {
    name: "Bun's SQL",
    missing: Bun === undefined ? "only Bun has this client" : undefined,
    isEmbedded: false,
    open: openBunSql,
  },
];
