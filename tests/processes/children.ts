import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a child runs on. */
export type Runtime = "deno" | "node" | "bun";

/** Why a test is skipped here: what it starts is the same wherever it is started from. */
export const ONLY_ON_DENO: string | undefined = "Deno" in globalThis
  ? undefined
  : "processes of all runtimes are started once, from Deno";

/** Whether the tests of processes run as long as they are worth, and not only as long as a suite can wait. */
export const LONG: boolean = process.env["VANTAGE_LONG"] === "1";

const PACKAGES: Readonly<Record<Exclude<Runtime, "deno">, string>> = { node: "node@24.21.0", bun: "bun@1.4.5" };
const FLAGS: Readonly<Record<Runtime, readonly string[]>> = {
  deno: ["run", "-A", "--no-check"],
  node: ["--no-warnings"],
  bun: ["run"],
};
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const programs = new Map<Runtime, string>();

/** A process that takes lines and prints lines of JSON. Disposing it kills it. */
export interface Child extends AsyncDisposable {
  readonly runtime: Runtime;
  /** What it prints, line by line; ends with it. */
  readonly lines: AsyncIterator<unknown>;
  /** Gives it a line. */
  tell(line: string): void;
  /** Tells it that there is nothing more to do. */
  end(): void;
  /** Ends it at once, without a word. */
  kill(): void;
  /** Stops it where it is, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  /** Settles when it is gone, with the code it exited with; `null` if it was killed. */
  readonly ended: Promise<number | null>;
}

/** Starts a file of this folder with an argument, by the runtime itself: what is killed is not somebody in between. */
export function startChild(runtime: Runtime, file: string, argument: unknown): Child {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(programOf(runtime), [...FLAGS[runtime], script, JSON.stringify(argument)], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  // What is told to a child that was killed is lost.
  child.stdin.on("error", () => {});
  const ended = once(child, "close").then(([code]) => code);
  return {
    runtime,
    lines: parsed(createInterface({ input: child.stdout })),
    tell: (line) => void child.stdin.write(`${line}\n`),
    end: () => void child.stdin.end(),
    kill: () => void child.kill("SIGKILL"),
    // A child that was signalled through its handle could not be killed through it any more, on Deno.
    signal: (name) => void process.kill(child.pid ?? 0, name),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<unknown> {
  for await (const line of lines) yield JSON.parse(line);
}

function programOf(runtime: Runtime): string {
  if (runtime === "deno") return process.execPath;
  const known = programs.get(runtime);
  if (known !== undefined) return known;
  const { stdout } = spawnSync("npx", ["-y", PACKAGES[runtime], "-p", "process.execPath"], { encoding: "utf8" });
  const program = stdout.trim();
  programs.set(runtime, program);
  return program;
}
