/**
 * One of several processes that share a cache file and a master, each reading and writing as a LiveTable does. Asserts
 * on every read that no entry is served that was invalidated before the read began; prints its counts. Says when it is
 * ready, and begins when it is told to, so that all begin together.
 */
import { once } from "node:events";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { FakeClock } from "@vantage/live/testing";

const [cachePath = "", masterPath = "", rounds = "0", seed = "0", newFiles = "0"] = process.argv.slice(2);
const SCOPES = ["clients/", "orders/"];
/** How often a reader looks at the master again before it stores: time for others to invalidate. */
const DALLIANCE = 5;

const master = new DatabaseSync(masterPath);
master.exec("PRAGMA busy_timeout = 20000");
const counts = { opened: 0, reads: 0, hits: 0, fills: 0, refused: 0, writes: 0, violations: 0 };

console.log("ready");
await once(process.stdin, "data");
process.stdin.pause();

for (; counts.opened < Number(newFiles); counts.opened++) {
  const made = await SqliteCache.open(`${cachePath}-${counts.opened}`);
  await made.close();
}
await using cache = await SqliteCache.open(cachePath);
const clock = new FakeClock({ seed: Number(seed) });
for (let round = 0; round < Number(rounds); round++) {
  const scope = SCOPES[next(SCOPES.length)] ?? "";
  if (next(5) === 0) write(scope);
  else read(scope, `${scope}page_${next(2)}`);
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
  for (let look = 0; look < DALLIANCE; look++) truth(scope);
  const stored = cache.put(key, { rows: Rows.from([["a", { version }]]), fetchedAt: counts.reads }, fence);
  if (stored) counts.fills++;
  else counts.refused++;
}

function truth(scope: string): { readonly version: number; readonly settled: number } {
  const row = master.prepare("SELECT version, settled FROM truth WHERE scope = ?").get(scope);
  return { version: Number(row?.version), settled: Number(row?.settled) };
}
