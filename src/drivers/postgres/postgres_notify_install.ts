import { checkOptions } from "../../base/check_options.ts";
import { describe } from "../../base/describe.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import { UnauthorizedError, UnsupportedError } from "../../table/errors.ts";
import type { PostgresClient } from "./postgres_client.ts";
import { databaseOf, type Session } from "./postgres_database.ts";
import { answered } from "./postgres_errors.ts";
import { installSql, removeSql } from "./postgres_notify_sql.ts";
import { isInstalled, type NotifyState, readNotifyState } from "./postgres_notify_state.ts";
import { readSchema } from "./postgres_schema.ts";

/** Options of {@linkcode installNotify}. */
export interface InstallNotifyOptions {
  /** The column or columns of the id; default the primary key. The same as for the `PostgresTable`. */
  readonly idField?: string | readonly string[] | undefined;
  /** How many changed rows of a statement are named, at most 1000; default 100. Of more, only that something changed. */
  readonly maxRows?: number | undefined;
}

/** The SQL that {@linkcode installNotify} and {@linkcode removeNotify} run, for a tool that migrates databases. */
export interface NotifyScript {
  /** Installs the function and the triggers, or replaces them. */
  readonly install: string;
  /** Removes them. */
  readonly remove: string;
}

const DEFAULT_MAX_ROWS = 100;
const MOST_ROWS = 1000;

/** One after the other, since PostgreSQL refuses to create a function twice at once. */
const LOCK_SQL = "SELECT pg_advisory_xact_lock(hashtext('vantage_live'))";

/**
 * Makes a table notify of its changes, for a `PostgresNotifyLiveStream`: by a function, and by triggers that call it after
 * each statement that inserts, updates, deletes or truncates, also on its partitions. If they are there already, nothing
 * is done. To be done once, as in a migration: again after the key, the name or the partitions of the table change.
 *
 * @throws {NotFoundError} if there is no such table.
 * @throws {UnauthorizedError} if the user may not create them.
 * @throws {UnsupportedError} if it is no table, or has no key.
 *
 * @example In a migration
 * ```ts ignore
 * import { installNotify } from "@vantage/live/postgres";
 *
 * await installNotify(sql, "products");
 * ```
 */
export async function installNotify(
  client: PostgresClient,
  tableName: string,
  options: InstallNotifyOptions = {},
): Promise<void> {
  const db = databaseOf(client);
  await answered(`make ${describe(tableName)} notify`, async () => {
    const maxRows = maxRowsOf(options);
    const state = await readState(db, tableName, options);
    if (isInstalled(state, maxRows)) return;
    if (!state.mayInstall || !state.mayRemove) throw unauthorized(state, "make", tableName);
    await db.atomically(async (session) => {
      await session.query(LOCK_SQL, []);
      // Another process may have done it meanwhile, to other partitions.
      const installation = await readState(session, tableName, options);
      for (const statement of installSql(installation, maxRows)) await session.query(statement, []);
    });
  });
}

/**
 * Removes what `installNotify` has made. If there is nothing, nothing is done.
 *
 * @throws {UnauthorizedError} if the user is not the one who has made it.
 */
export async function removeNotify(
  client: PostgresClient,
  tableName: string,
  options: InstallNotifyOptions = {},
): Promise<void> {
  const db = databaseOf(client);
  await answered(`remove what notifies of ${describe(tableName)}`, async () => {
    const state = await readState(db, tableName, options);
    if (!state.mayRemove) throw unauthorized(state, "remove", tableName);
    if (state.body !== null) await db.query(removeSql(state.plan), []);
  });
}

/** The SQL that `installNotify` and `removeNotify` would run. Run the whole of it in one transaction. */
export async function notifyScript(
  client: PostgresClient,
  tableName: string,
  options: InstallNotifyOptions = {},
): Promise<NotifyScript> {
  const db = databaseOf(client);
  return await answered(`write a script for ${describe(tableName)}`, async () => {
    const maxRows = maxRowsOf(options);
    const installation = await readState(db, tableName, options);
    return {
      install: installSql(installation, maxRows).map((statement) => `${statement};\n`).join(""),
      remove: `${removeSql(installation.plan)};\n`,
    };
  });
}

async function readState(db: Session, tableName: string, options: InstallNotifyOptions): Promise<NotifyState> {
  checkOptions("installNotify", options, ["idField", "maxRows"]);
  const schema = await readSchema(db, tableName, options);
  if (!schema.isTable) throw new UnsupportedError(`${describe(tableName)} is not a table: only tables have triggers`);
  return await readNotifyState(db, schema);
}

function maxRowsOf({ maxRows = DEFAULT_MAX_ROWS }: InstallNotifyOptions): number {
  if (wholeNumber("maxRows", maxRows) <= MOST_ROWS) return maxRows;
  throw new RangeError(`maxRows must be at most ${MOST_ROWS}, got ${maxRows}`);
}

function unauthorized({ plan }: NotifyState, verb: "make" | "remove", tableName: string): UnauthorizedError {
  const needed = verb === "make"
    ? `TRIGGER on ${
      describe(tableName)
    }, CREATE on its schema ${plan.schema}, and the function there to be the user's own`
    : "to be the owner of the function";
  return new UnauthorizedError(`The user may not ${verb} the triggers that notify; needed are ${needed}`);
}
