import { spawn } from "node:child_process";
import process from "node:process";

/** The runtimes that npm's users have, each as a command that a file is added to. */
export const NODE_20: readonly string[] = ["npx", "-y", "node@20.20.2"];
export const NODE_22: readonly string[] = ["npx", "-y", "node@22.13.1"];
export const NODE_24: readonly string[] = ["npx", "-y", "node@24.21.0"];
export const DENO: readonly string[] = ["npx", "-y", "deno@2.9.6", "run", "-A"];
export const BUN: readonly string[] = ["npx", "-y", "bun@1.4.5"];

/** Why a test of the package is skipped here: what it starts is the same wherever it is started from. */
export const ONLY_ON_DENO: string | undefined = "Deno" in globalThis
  ? undefined
  : "the package is checked once, on Deno";

/** The longest that a command may take before it is ended. */
const TIME_LIMIT_MS = 120_000;

/** Runs a command in a folder, and gives what it printed; rejects with all its output unless it exits with 0. */
export function run([program = "", ...args]: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // What Node compiles for tsc, it would leave in the folder of temporary files.
    const env = { ...process.env, NO_COLOR: "1", NODE_DISABLE_COMPILE_CACHE: "1" };
    const child = spawn(program, args, { cwd, env, timeout: TIME_LIMIT_MS });
    let printed = "";
    let complained = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (complained += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${[program, ...args].join(" ")} exited with ${code}\n${printed}${complained}`));
    });
  });
}
