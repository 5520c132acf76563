/** The process of a host, which does what it is told, and is killed. */
import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { Host } from "./host.ts";
import type { HostSays } from "./host_talk.ts";

// At once, so that nothing is lost that was said before the end.
const say = (what: HostSays): void => void writeSync(1, `${JSON.stringify(what)}\n`);
const host = new Host(JSON.parse(process.argv[2] ?? ""), say);
await host.open();
for await (const line of createInterface({ input: process.stdin })) void host.take(JSON.parse(line));
process.exit(0);
