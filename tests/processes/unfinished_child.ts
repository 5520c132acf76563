/**
 * A process that is about to write: says that it has logged its intent, and is killed before it can log an outcome.
 */
import { once } from "node:events";
import process from "node:process";
import { SqliteCache } from "@vantage/live/sqlite";
import type { Unfinished } from "./unfinished_test.ts";

const { path, scope, id, writeId, at, dueAt }: Unfinished = JSON.parse(process.argv[2] ?? "");
const cache = await SqliteCache.open(path);
const change = { kind: "updated", id, at, cause: "write", writeId, outcome: "unknown" } as const;
cache.log(scope, { kind: "intent", change, writeId, dueAt });
console.log(JSON.stringify("logged"));
process.stdin.resume();
await once(process.stdin, "end");
