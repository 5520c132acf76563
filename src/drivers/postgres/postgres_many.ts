import type { Settled } from "../../table/many_writes.ts";
import { TableError } from "../../table/errors.ts";
import type { Session } from "./postgres_database.ts";
import { postgresError } from "./postgres_errors.ts";

/** A piece of work in a session. */
type Work<T> = (session: Session) => Promise<T>;

/**
 * Does each piece of work atomically, all of them in one transaction, which is committed once: so one that rejects does
 * not undo the others. Where the transaction cannot be committed, as when a constraint is checked only then, each is done
 * in a separate one.
 *
 * @throws the client's error if the transaction is lost.
 */
export async function writeEach<T>(session: Session, works: readonly Work<T>[]): Promise<readonly Settled<T>[]> {
  if (works.length < 2) return each(works, (work) => settled(() => work(session)));
  let isWaitingForCommit = false;
  try {
    return await session.atomically(async (inner) => {
      const results = await each(works, (work) => settledInside(inner, work));
      isWaitingForCommit = true;
      return results;
    });
  } catch (error) {
    const known = postgresError(error, "commit");
    const isUndone = known instanceof TableError && known.effect === "none";
    if (!isWaitingForCommit || !isUndone) throw error;
    return each(works, (work) => settled(() => work(session)));
  }
}

async function settledInside<T>(session: Session, work: Work<T>): Promise<Settled<T>> {
  await session.query(`SAVEPOINT ${NAME}`, []);
  const result = await settled(() => work(session));
  // Fails if the transaction is gone, and with it what was done before.
  if ("error" in result) await session.query(`ROLLBACK TO SAVEPOINT ${NAME}`, []);
  await session.query(`RELEASE SAVEPOINT ${NAME}`, []);
  return result;
}

/** The savepoint that a piece of work is in. */
const NAME = "vantage_live";

/** One after the other: a later one may depend on an earlier one. */
async function each<T, R>(items: readonly T[], convert: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await convert(item));
  return results;
}

async function settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { answer: await work() };
  } catch (error) {
    return { error };
  }
}
