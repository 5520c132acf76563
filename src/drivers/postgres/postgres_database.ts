import { describe } from "../../base/describe.ts";
import { describeClient } from "../../base/describe_client.ts";
import { isPlainObject } from "../../table/row.ts";
import type {
  PgClient,
  PgPool,
  PostgresClient,
  PostgresHandle,
  PostgresRow,
  PostgresSession,
  PostgresTag,
  PostgresTagClient,
} from "./postgres_client.ts";

/** Runs statements in one connection, or in any. */
export interface Session {
  /** Returns the rows of a statement. */
  query(text: string, params: readonly (string | null)[]): Promise<readonly PostgresRow[]>;
  /** Runs `work` so that all of it takes effect or nothing. Within a transaction, that is up to the transaction. */
  atomically<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/**
 * The database of a client, whichever it is.
 *
 * @throws {TypeError} if it is none of the known clients.
 */
export function databaseOf(client: PostgresClient): Session {
  if (typeof client === "object" || typeof client === "function") {
    if (client !== null && "unsafe" in client && "begin" in client) return overTag(client);
    if (client !== null && "query" in client && "transaction" in client) return overHandle(client);
    if (client !== null && "query" in client && "connect" in client) {
      return "totalCount" in client ? overPool(client) : overClient(client);
    }
  }
  throw new TypeError(
    `A PostgresTable takes a client of postgres.js, pg, PGlite or Bun, or an object with query and transaction, got ${
      describeClient(client)
    }`,
  );
}

function overTag(client: PostgresTagClient): Session {
  // Poolers may not support prepared statements, which is then said where the client is made.
  const options = { prepare: client.options?.prepare !== false };
  const sessionOf = (tag: PostgresTag): PostgresSession => ({
    query: (text, params) => tag.unsafe(text, params, options),
  });
  return sessionWith(sessionOf(client), async (work) => {
    await client.begin(async (tag) => {
      try {
        await work(sessionOf(tag));
      } catch (error) {
        // To roll back on a connection that is closed, postgres.js 3.4 writes to a socket that is gone, which ends the
        // process. It rejects `begin` when the connection closes, so there is nothing to wait for here.
        if ("PostgresError" in client && endsConnection(error)) await new Promise(() => {});
        throw error;
      }
    });
  });
}

/** Whether an error of postgres.js says that its connection is closed, or is about to be. */
function endsConnection(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const severity: unknown = "severity" in error ? error.severity : undefined;
  const code: unknown = "code" in error ? error.code : undefined;
  return severity === "FATAL" || severity === "PANIC" || code === "CONNECTION_CLOSED" ||
    code === "CONNECTION_DESTROYED";
}

function overHandle(client: PostgresHandle): Session {
  return sessionWith(client, async (work) => {
    await client.transaction(work);
  });
}

function overPool(pool: PgPool): Session {
  return sessionWith(pool, async (work) => {
    const client = await pool.connect();
    let isBroken = true;
    // What the connection's end is to the work, the statements say.
    const onError = (): void => {};
    client.on?.("error", onError);
    try {
      await transact(client, work, () => isBroken = false);
    } finally {
      if (!isBroken) client.removeListener?.("error", onError);
      client.release(isBroken);
    }
  });
}

/** One connection: what is not of a transaction waits until that has ended. */
function overClient(client: PgClient): Session {
  const session: PostgresSession = { query: (text, params) => inTurn(client, () => client.query(text, params)) };
  return sessionWith(session, (work) => inTurn(client, () => transact(client, work, () => {})));
}

const turns = new WeakMap<object, Promise<unknown>>();

function inTurn<T>(client: object, work: () => PromiseLike<T>): Promise<T> {
  const before = turns.get(client) ?? Promise.resolve();
  const result = before.then(work);
  turns.set(client, result.catch(() => {}));
  return result;
}

/** @param onClean called once the connection is as it was before */
async function transact(
  session: PostgresSession,
  work: (session: PostgresSession) => Promise<void>,
  onClean: () => void,
): Promise<void> {
  await session.query("BEGIN", []);
  try {
    await work(session);
  } catch (error) {
    // The error to report is that of the work; if the connection is gone, so is the transaction.
    await session.query("ROLLBACK", []).then(onClean, () => {});
    throw error;
  }
  await session.query("COMMIT", []);
  onClean();
}

type Transact = (work: (session: PostgresSession) => Promise<void>) => Promise<void>;

function sessionWith(session: PostgresSession, transact: Transact): Session {
  return {
    query: (text, params) => rowsOf(session, text, params),
    atomically: async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
      let result: { readonly value: T } | undefined;
      await transact(async (inner) => {
        result = { value: await work(within(inner)) };
      });
      if (result === undefined) throw new TypeError("The client's transaction did not do its work");
      return result.value;
    },
  };
}

/** A session in a transaction. */
function within(session: PostgresSession): Session {
  const self: Session = {
    query: (text, params) => rowsOf(session, text, params),
    atomically: (work) => work(self),
  };
  return self;
}

async function rowsOf(
  session: PostgresSession,
  text: string,
  params: readonly (string | null)[],
): Promise<readonly PostgresRow[]> {
  const answer: unknown = await session.query(text, [...params]);
  // A result of postgres.js and Bun is an array with more fields.
  if (Array.isArray(answer)) return answer;
  if (typeof answer === "object" && answer !== null && "rows" in answer && Array.isArray(answer.rows)) {
    return answer.rows;
  }
  throw new TypeError(`The client answered with ${isPlainObject(answer) ? "no rows" : describe(answer)}`);
}
