/**
 * One of several processes that share a cache file and a master, each reading and writing as a LiveTable does. Asserts
 * on every read that no entry is served that was invalidated before the read began; prints its counts.
 */
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/cache/sqlite";
import { FakeClock } from "@vantage/live/testing";

const [cachePath = "", masterPath = "", rounds = "0", seed = "0"] = process.argv.slice(2);
const SCOPES = ["clients/", "orders/"];

const master = new DatabaseSync(masterPath);
master.exec("PRAGMA busy_timeout = 20000");
const counts = { reads: 0, hits: 0, fills: 0, refused: 0, writes: 0, violations: 0 };

await using cache = await SqliteCache.open(cachePath);
const clock = new FakeClock({ seed: Number(seed) });
for (let round = 0; round < Number(rounds); round++) {
  const scope = SCOPES[next(SCOPES.length)] ?? "";
  if (next(8) === 0) write(scope);
  else read(scope, `${scope}page_${next(3)}`);
}
master.close();
console.log(JSON.stringify(counts));

/** A whole number below a bound, that follows from the seed. */
function next(bound: number): number {
  return Math.floor(clock.random() * bound);
}

/** The master changes, then the entries are dropped; only then the change counts as settled. */
function write(scope: string): void {
  const row = master.prepare("UPDATE truth SET version = version + 1 WHERE scope = ? RETURNING version").get(scope);
  // A key of a page, the scope, or everything: each of them has to keep old rows out.
  cache.invalidatePrefix([scope, scope, "", scope.slice(0, 3)][next(4)] ?? "");
  const version = Number(row?.version);
  master.prepare("UPDATE truth SET settled = max(settled, ?) WHERE scope = ?").run(version, scope);
  counts.writes++;
}

function read(scope: string, key: string): void {
  counts.reads++;
  const { settled } = truth(scope);
  const held = cache.get(key);
  if (held !== undefined) {
    counts.hits++;
    if (Number(held.rows.get("a")?.version) < settled) counts.violations++;
    return;
  }
  const fence = cache.fence(key);
  const { version } = truth(scope);
  const stored = cache.put(key, { rows: Rows.from([["a", { version }]]), fetchedAt: counts.reads }, fence);
  if (stored) counts.fills++;
  else counts.refused++;
}

function truth(scope: string): { readonly version: number; readonly settled: number } {
  const row = master.prepare("SELECT version, settled FROM truth WHERE scope = ?").get(scope);
  return { version: Number(row?.version), settled: Number(row?.settled) };
}
