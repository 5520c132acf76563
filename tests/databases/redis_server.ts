import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./server_process.ts";

const SERVER = "/usr/bin/redis-server";

/** Why tests that need Redis are skipped. */
export const WITHOUT_REDIS: string | undefined = existsSync(SERVER) ? undefined : "Redis is not installed";

/** A Redis of a test. Its data outlive its process, until it is removed. */
export interface RedisProcess {
  readonly port: number;
  /** Where it keeps its dump. */
  readonly folder: string;
  /** The process, to freeze it and to let it go on. */
  signal(signal: NodeJS.Signals): void;
  /** Ends the process without a chance to save anything. */
  kill(): Promise<void>;
  /** Starts the process again at the same port. */
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  remove(): Promise<void>;
}

/** Starts a Redis that saves nothing by itself, with more settings such as `["--maxmemory", "3mb"]`. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), "vantage-redis-"));
  const port = await freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...settings];
  let child: ChildProcess | undefined;
  let ended: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    const started = child = spawn(SERVER, args, { stdio: ["ignore", "pipe", "inherit"] });
    ended = new Promise((resolve) => started.on("close", () => resolve()));
    await untilReady(started);
  };
  const signal = (name: NodeJS.Signals): void => void process.kill(child?.pid ?? 0, name);
  const kill = async (): Promise<void> => {
    signal("SIGKILL");
    await ended;
  };
  await start();
  return {
    port,
    folder,
    signal,
    kill,
    start,
    remove: async () => {
      if (child?.exitCode === null && child.signalCode === null) await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = "";
    child.on("error", reject);
    child.on("close", () => reject(new Error(`Redis ended: ${printed}`)));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-10_000);
      if (printed.includes("Ready to accept connections")) resolve();
    });
  });
}
