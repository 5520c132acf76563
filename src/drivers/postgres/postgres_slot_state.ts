import { describe } from "../../base/describe.ts";
import { NotFoundError, UnavailableError, UnsupportedError } from "../../table/errors.ts";
import { quoteName } from "../sql/quote_name.ts";
import type { Session } from "./postgres_database.ts";
import { type Lsn, lsnOf } from "./postgres_lsn.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import { PUBLICATION_SQL, STATE_SQL } from "./postgres_slot_sql.ts";

/** The names of a slot, and of the publication that it is read with. */
export interface SlotNames {
  readonly slot: string;
  readonly publication: string;
}

/** How the server and a slot are. */
export interface SlotState {
  /** What identifies the history that places in the log belong to: another one begins when a replica takes over. */
  readonly history: string;
  /** What was written to the log by then. */
  readonly end: Lsn;
  /** The transactions that were running, as PostgreSQL writes it. */
  readonly snapshot: string;
  /** The slot: `undefined` if there is none, or none that can be read on. */
  readonly slot: { readonly confirmed: Lsn } | undefined;
  /** Whether there is one that cannot be read on. */
  readonly isLost: boolean;
}

interface Found {
  readonly version: number;
  readonly walLevel: string;
  readonly isStandby: boolean;
  readonly history: string;
  readonly end: string;
  readonly snapshot: string;
  readonly database: string;
  readonly slot: FoundSlot | null;
}

interface FoundSlot {
  readonly plugin: string;
  readonly database: string | null;
  readonly pid: number | null;
  readonly walStatus: string | null;
  readonly confirmed: string | null;
}

interface FoundPublication {
  readonly isComplete: boolean;
  readonly hasTable: boolean;
  readonly isFiltered: boolean;
  readonly identity: string | null;
}

const OLDEST = 140_000;

/**
 * Reads how the server and a slot are.
 *
 * @throws {UnsupportedError} if the server cannot decode its log, or the slot is another one; the message says what is
 * needed.
 * @throws {UnavailableError} if the slot is just being made.
 */
export async function readSlotState(db: Session, { slot: name }: SlotNames): Promise<SlotState> {
  const [row] = await db.query(STATE_SQL, [name]);
  const found = JSON.parse(String(row?.found)) as Found; // As the query makes it.
  checkServer(found);
  const { history, end, snapshot, slot } = found;
  const base = { history, end: lsnOf(end), snapshot };
  if (slot === null) return { ...base, slot: undefined, isLost: false };
  checkSlot(name, slot, found.database);
  if (slot.walStatus === "lost") return { ...base, slot: undefined, isLost: true };
  if (slot.confirmed === null) {
    throw new UnavailableError(
      `The slot ${describe(name)} is being made, which waits for the transactions that were running`,
      { effect: "none" },
    );
  }
  return { ...base, slot: { confirmed: lsnOf(slot.confirmed) }, isLost: false };
}

/**
 * Checks that a publication has all changes of a table.
 *
 * @throws {NotFoundError} if there is no such publication.
 * @throws {UnsupportedError} if it does not have all of them; the message says what is needed.
 */
export async function checkPublication(
  db: Session,
  { publication }: SlotNames,
  { name, sqlName, place }: PostgresSchema,
): Promise<void> {
  const [row] = await db.query(PUBLICATION_SQL, [publication, ...place]);
  const which = `The publication ${describe(publication)}`;
  if (row === undefined) {
    throw new NotFoundError(
      `There is no publication ${describe(publication)}; needed is CREATE PUBLICATION ${
        quoteName(publication)
      } FOR TABLE ${sqlName} WITH (publish_via_partition_root)`,
    );
  }
  const found = JSON.parse(String(row.found)) as FoundPublication; // As the query makes it.
  if (!found.isComplete) {
    throw new UnsupportedError(`${which} leaves changes out; needed is publish = 'insert, update, delete, truncate'`);
  }
  if (!found.hasTable) {
    throw new UnsupportedError(
      `${which} does not have ${describe(name)}; needed is ALTER PUBLICATION ${
        quoteName(publication)
      } ADD TABLE ${sqlName}, and for a partitioned table publish_via_partition_root`,
    );
  }
  if (found.isFiltered) {
    throw new UnsupportedError(`${which} leaves rows of ${describe(name)} out; needed is one without a WHERE for it`);
  }
  if (found.identity === "n") {
    throw new UnsupportedError(
      `Changes of ${
        describe(name)
      } cannot be told from each other; needed is a primary key, or ALTER TABLE ${sqlName} REPLICA IDENTITY FULL`,
    );
  }
}

function checkServer({ version, walLevel, isStandby }: Found): void {
  if (version < OLDEST) {
    throw new UnsupportedError(
      `A slot is read from PostgreSQL 14 on; the server is version ${Math.floor(version / 10_000)}`,
    );
  }
  if (isStandby) throw new UnsupportedError("A slot is read on the primary; this server is a standby");
  if (walLevel !== "logical") {
    throw new UnsupportedError(
      `The server's log cannot be decoded; needed is wal_level = logical and a restart, it is ${walLevel}`,
    );
  }
}

function checkSlot(name: string, { plugin, database }: FoundSlot, ours: string): void {
  if (plugin === "pgoutput" && database === ours) return;
  const what = plugin === "pgoutput" ? `of the database ${describe(database)}` : `for ${plugin}`;
  throw new UnsupportedError(
    `There is another slot ${describe(name)}, ${what}; needed is one for pgoutput in ${
      describe(ours)
    }, or another name`,
  );
}
