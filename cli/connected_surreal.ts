import { type Clock, systemClock } from "@vantage/live";
import type { SurrealLiveHandle } from "@vantage/live/surrealdb";
import { BadInput } from "./bad_input.ts";
import { loadPackage } from "./loaded_package.ts";
import type { SurrealMaster } from "./places.ts";

/** What is used of a client of SurrealDB. */
export interface ConnectedSurreal extends SurrealLiveHandle {
  connect(url: string, options: object): Promise<unknown>;
  close(): Promise<unknown>;
}

/** What is used of the package `surrealdb`. */
interface SurrealPackage {
  readonly Surreal: new () => ConnectedSurreal;
}

/** How long the first connection may take. The client tries for ever. */
const CONNECT_MS = 3_000;

/**
 * Connects to SurrealDB with the package `surrealdb`, which is loaded only for this.
 *
 * @throws {BadInput} if the package is not installed, there is no SurrealDB, or it refuses the user.
 */
export async function connectSurreal(
  { url, host, namespace, database, user }: SurrealMaster,
  clock: Clock = systemClock,
): Promise<ConnectedSurreal> {
  const { Surreal } = loadPackage("surrealdb", "2", "--master surrealdb://...") as SurrealPackage; // That is its name.
  const db = new Surreal();
  const over = new AbortController();
  // Once it is there, it may come and go: `watch` waits for it.
  const connecting = db.connect(url, { namespace, database, ...(user !== undefined && { authentication: user }) });
  const late = clock.wait(CONNECT_MS, { signal: over.signal }).then(() => {
    throw new Error(`It did not answer within ${CONNECT_MS} ms`);
  });
  try {
    await Promise.race([connecting, late]);
    return db;
  } catch (cause) {
    await db.close();
    throw new BadInput(`There is no SurrealDB at ${host}, or it refuses the user`, { cause });
  } finally {
    connecting.catch(() => {});
    late.catch(() => {});
    over.abort();
  }
}
