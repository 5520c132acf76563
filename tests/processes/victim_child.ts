/**
 * A process that loads a cache until it is killed, there is nothing more to do, or something was wrong. It tells of every
 * put and invalidation as it goes.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Cache } from "@vantage/live";
import { Load, type LoadOptions } from "./load.ts";

const options: LoadOptions = JSON.parse(process.argv[2] ?? "");
let ended = false;
process.stdin.on("end", () => void (ended = true)).resume();

await using load = await Load.open(options, telling);
while (!ended && load.counts.violations.length === 0) await load.run(1);
say({ violations: load.counts.violations });

function telling(cache: Cache): Cache {
  return {
    get: (key) => cache.get(key),
    fence: (key) => cache.fence(key),
    put: (key, rows, fence) => tell("put", () => cache.put(key, rows, fence)),
    invalidatePrefix: (prefix) => tell("invalidate", () => cache.invalidatePrefix(prefix)),
  };
}

function tell<T>(op: string, work: () => T): T {
  say({ op, change: 1 });
  const answer = work();
  if (answer instanceof Promise) return answer.finally(() => say({ op, change: -1 })) as T;
  say({ op, change: -1 });
  return answer;
}

/** At once, so that nothing is lost that was said before the end. */
function say(what: unknown): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}
