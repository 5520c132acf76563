import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { type Clock, systemClock } from "@vantage/live";
import type { SurrealLiveHandle } from "@vantage/live/surrealdb";
import { BadInput } from "./bad_input.ts";
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
  const { Surreal } = loadSurreal();
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

/** Looks where the demo is run, and where it is. */
function loadSurreal(): SurrealPackage {
  for (const place of [join(process.cwd(), "demo.js"), import.meta.url]) {
    try {
      return createRequire(place)("surrealdb") as SurrealPackage; // It is a package of this name.
    } catch {
      // It may be in the other place.
    }
  }
  throw new BadInput(
    "--master surrealdb://<host> needs the package surrealdb: run npm install surrealdb, and try again",
  );
}
