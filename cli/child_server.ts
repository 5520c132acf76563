import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const RUN = "Deno" in globalThis ? ["run", "-A", MAIN] : [...process.execArgv, MAIN];

/** How to start a server. */
export interface ChildServerOptions {
  /** The database to serve. */
  readonly path: string;
  readonly latencyMs: number;
}

/** A server in a child process, which ends with this process in any case. */
export class ChildServer implements AsyncDisposable {
  /** Its address. */
  readonly url: URL;
  readonly #child: ChildProcess;

  private constructor(url: URL, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Starts `serve` on a free port, and resolves when it accepts requests. */
  static async start({ path, latencyMs }: ChildServerOptions): Promise<ChildServer> {
    const words = ["serve", "--master", path, "--port", "0", "--latency-ms", String(latencyMs), "--until-stdin-ends"];
    const child = spawn(process.execPath, [...RUN, ...words], { stdio: ["pipe", "pipe", "inherit"] });
    // Keep reading its output, or it would block.
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => [""])]);
    const [, url = ""] = /^serving (http:.*)$/.exec(String(line)) ?? [];
    if (!URL.canParse(url)) throw new Error("The server could not be started");
    return new ChildServer(new URL(url), child);
  }

  /** Kills the process: what it was doing is lost. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the process, and resolves when it has exited. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.stdin?.end();
    await gone;
  }
}
