/** Runs Deno in a process of its own. */
import { spawn } from "node:child_process";
import process from "node:process";

/** What became of a run. */
export interface Run {
  readonly output: string;
  /** `null` if it was ended. */
  readonly code: number | null;
}

/** Runs a command to its end, or until its output tells enough, or the time is over. */
export function run(args: readonly string[], cwd: string, limitMs: number, enough?: RegExp): Promise<Run> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(process.execPath, args, { cwd, env, timeout: limitMs, killSignal: "SIGKILL" });
    let output = "";
    const take = (chunk: Uint8Array): void => {
      output += new TextDecoder().decode(chunk);
      if (enough?.test(output)) child.kill("SIGKILL");
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, code }));
  });
}
