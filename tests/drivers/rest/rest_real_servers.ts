import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Row } from "@vantage/live";
import { NODE_24 } from "../../package/runtimes.ts";
import type { Served } from "../../server/serve.ts";

/** Servers from npm, by the names that the documentation has for them. */
export const REAL_SERVERS = ["JSON_SERVER_0", "JSON_SERVER_1", "FEATHERS", "SOUL", "ODATA"] as const;

/** Some of them run on Node alone, so elsewhere one is started for it. */
const NODE = "Deno" in globalThis || "Bun" in globalThis ? NODE_24 : [process.execPath];

/** Starts one of them on a free port, with rows of its own. */
export async function startRealServer(
  name: typeof REAL_SERVERS[number],
  items: readonly Row[],
  id?: (number: number) => string,
): Promise<Served> {
  const rows = items.map((row, at) => ({ ...row, [name === "ODATA" ? "_id" : "id"]: id?.(at + 1) ?? at + 1 }));
  const [program = "", ...args] = [...NODE, fileURLToPath(new URL("rest_server_child.mjs", import.meta.url)), name];
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, npm_config_loglevel: "error" },
  });
  const closed = once(child, "close");
  child.stdin.write(`${JSON.stringify(rows)}\n`);
  const { value: url } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (url === undefined) throw new Error(`${name} does not run`);
  return {
    url,
    close: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
