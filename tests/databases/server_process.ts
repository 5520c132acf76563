import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** How long a server may take to start, and to stop. */
const TIME_LIMIT_MS = 60_000;

/** A database server that runs for some tests. */
export interface DatabaseServer {
  readonly port: number;
  stop(): Promise<void>;
  /** Ends it, and keeps what it has stored. */
  halt(): Promise<void>;
  /** Starts it again. */
  restart(): Promise<void>;
}

/** How a server is started and stopped. */
export interface ServerOptions {
  /** What is removed in the end. */
  readonly folder: string;
  readonly port: number;
  /** What it prints once it takes connections. */
  readonly ready: RegExp;
  /** Ends it at once, even if clients are connected. */
  readonly stopSignal: "SIGINT" | "SIGTERM";
}

/** A new folder for a server, which its user can write to. */
export function newServerFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `vantage-${name}-`));
  chmodSync(folder, 0o777);
  return folder;
}

/** The command as another user, if this is root, whom database servers refuse. */
export function asUser(user: string, command: readonly string[]): readonly [program: string, args: string[]] {
  const [program = "", ...args] = process.getuid?.() === 0
    ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", ...command]
    : command;
  return [program, args];
}

/** Runs a command to its end. */
export function runAs(user: string, command: readonly string[]): void {
  const [program, args] = asUser(user, command);
  const { status, stderr, error } = spawnSync(program, args, { cwd: "/", encoding: "utf8", timeout: TIME_LIMIT_MS });
  if (status !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`, { cause: error });
}

/** Starts a server, and resolves when it takes connections. */
export async function startServer(
  user: string,
  command: readonly string[],
  { folder, port, ready, stopSignal }: ServerOptions,
): Promise<DatabaseServer> {
  const start = async (): Promise<() => Promise<void>> => {
    const [program, args] = asUser(user, command);
    const child = spawn(program, args, { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    await untilReady(child, ready);
    return async () => {
      process.kill(child.pid ?? 0, stopSignal);
      const timer = setTimeout(() => process.kill(child.pid ?? 0, "SIGKILL"), TIME_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    };
  };
  let end: (() => Promise<void>) | undefined = await start();
  const halt = async (): Promise<void> => {
    await end?.();
    end = undefined;
  };
  return {
    port,
    halt,
    restart: async () => {
      await halt();
      end = await start();
    },
    stop: async () => {
      await halt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT_MS);
    child.on("error", reject);
    child.on("close", () => reject(new Error(`The server ended: ${printed}`)));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (!ready.test(printed)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A port that nothing listens at. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
