/**
 * One of several processes that share a database and a master, each reading and writing as a LiveTable does. Counts every
 * read that is served what was invalidated before it began, and every entry that is not whole. Says when it is ready, and
 * begins when it is told to, so that all begin together.
 */
import { once } from "node:events";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Rows } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { FakeClock } from "@vantage/live/testing";

const [cachePath = "", masterPath = "", rounds = "0", seed = "0"] = process.argv.slice(2);
const SCOPES = ["clients/", "orders/"];
/** Three rows of this size take several chunks. */
const FILLING = "x".repeat(60_000);

const master = new DatabaseSync(masterPath);
master.exec("PRAGMA busy_timeout = 20000");
const counts = { reads: 0, hits: 0, fills: 0, refused: 0, writes: 0, violations: 0, halves: 0 };

console.log("ready");
await once(process.stdin, "data");
process.stdin.pause();

await using cache = await DenoKvCache.open(cachePath, { maxEntries: 5 });
const clock = new FakeClock({ seed: Number(seed) });
for (let round = 0; round < Number(rounds); round++) {
  const scope = SCOPES[next(SCOPES.length)] ?? "";
  if (next(5) === 0) await write(scope);
  else await read(scope, `${scope}page_${next(4)}`);
}
master.close();
console.log(JSON.stringify(counts));

/** A whole number below a bound, that follows from the seed. */
function next(bound: number): number {
  return Math.floor(clock.random() * bound);
}

/** The master changes, then the entries are dropped; only then the change counts as settled. */
async function write(scope: string): Promise<void> {
  const row = master.prepare("UPDATE truth SET version = version + 1 WHERE scope = ? RETURNING version").get(scope);
  // The scope, everything, or all keys one by one: each of them has to keep old rows out.
  await cache.invalidatePrefix([scope, scope, "", scope.slice(0, 3), `${scope}page_`][next(5)] ?? "");
  const version = Number(row?.version);
  master.prepare("UPDATE truth SET settled = max(settled, ?) WHERE scope = ?").run(version, scope);
  counts.writes++;
}

async function read(scope: string, key: string): Promise<void> {
  counts.reads++;
  const { settled } = truth(scope);
  const held = await cache.get(key);
  if (held !== undefined) {
    counts.hits++;
    const versions = [...held.rows.values()].map((row) => Number(row.version));
    if (versions.length !== 3 || new Set(versions).size !== 1) counts.halves++;
    if (Math.min(...versions) < settled) counts.violations++;
    return;
  }
  const fence = await cache.fence(key);
  const { version } = truth(scope);
  const filling = next(3) === 0 ? FILLING : "";
  const rows = Rows.from(["a", "b", "c"].map((id) => [id, { version, filling }]));
  if (await cache.put(key, { rows, fetchedAt: counts.reads }, fence)) counts.fills++;
  else counts.refused++;
}

function truth(scope: string): { readonly version: number; readonly settled: number } {
  const row = master.prepare("SELECT version, settled FROM truth WHERE scope = ?").get(scope);
  return { version: Number(row?.version), settled: Number(row?.settled) };
}
