import type { PostgresClient } from "./postgres_client.ts";
import { databaseOf, type Session } from "./postgres_database.ts";
import { answered } from "./postgres_errors.ts";
import { SLOTS_SQL } from "./postgres_slot_sql.ts";

/** A logical replication slot, and what it holds back. */
export interface SlotStatus {
  /** Its name. */
  readonly slot: string;
  /** What decodes the log for it: `pgoutput` for those of this package. */
  readonly plugin: string;
  /** Whether a session is reading it at this moment. Those of this package are read every now and then. */
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`, as in `pg_replication_slots`. */
  readonly walStatus: string | undefined;
  /** How much of the log the server keeps for it, in bytes; `undefined` if nothing, or on a standby. */
  readonly retainedBytes: number | undefined;
  /** How much more may be written before it is lost, in bytes; `undefined` if there is no limit. */
  readonly safeBytes: number | undefined;
}

/**
 * The logical slots of a database, that which holds back most first. What is written to the log is kept until all slots
 * have read it: one that nobody reads fills the disk, unless `max_slot_wal_keep_size` is set.
 *
 * @example Drop what was forgotten
 * ```ts ignore
 * import { replicationSlots } from "@vantage/live/postgres";
 *
 * for (const { slot, active, retainedBytes = 0 } of await replicationSlots(sql)) {
 *   if (!active && retainedBytes > 10e9) await sql`SELECT pg_drop_replication_slot(${slot})`;
 * }
 * ```
 *
 * @throws {UnavailableError} if PostgreSQL does not answer.
 */
export function replicationSlots(client: PostgresClient): Promise<readonly SlotStatus[]> {
  const db = databaseOf(client);
  return answered("look at the slots", () => readSlots(db));
}

/** The slots of a database. */
export async function readSlots(db: Session): Promise<readonly SlotStatus[]> {
  const rows = await db.query(SLOTS_SQL, []);
  return rows.map(({ found }) => {
    const slot = JSON.parse(String(found)) as Nullable<SlotStatus>; // As the query makes it.
    return {
      slot: slot.slot ?? "",
      plugin: slot.plugin ?? "",
      active: slot.active === true,
      walStatus: slot.walStatus ?? undefined,
      retainedBytes: slot.retainedBytes ?? undefined,
      safeBytes: slot.safeBytes ?? undefined,
    };
  });
}

type Nullable<T> = { readonly [name in keyof T]: T[name] | null };
