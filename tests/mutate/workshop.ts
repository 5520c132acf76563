import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";

/** How a command ended. */
export interface Run {
  readonly output: string;
  readonly code: number | null;
  /** Whether it had to be killed. */
  readonly hung: boolean;
  readonly tookMs: number;
}

/** Not copied: files that are not sources, and installed packages, which are linked. */
const LEFT_OUT = new Set([".git", ".ci", "coverage", "node_modules"]);
/** The folder for files that a killed test leaves behind. */
const TEMPORARY = "temporary";
/** Limits memory, so that a mutant that exhausts it fails alone. */
const HEAP = "--v8-flags=--max-old-space-size=1024";

/** A copy of the project in which one file at a time is changed and commands are run. */
export class Workshop implements Disposable {
  readonly #folder: string;
  readonly #running = new Set<number>();

  constructor(root: string) {
    this.#folder = mkdtempSync(join(tmpdir(), "vantage-live-mutate-"));
    const installed = ["node_modules"];
    cpSync(root, this.#folder, {
      recursive: true,
      filter: (path) => {
        if (path.endsWith("node_modules") && path !== join(root, "node_modules")) installed.push(relative(root, path));
        return path === root || !LEFT_OUT.has(path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1));
      },
    });
    for (const path of installed) symlinkSync(join(root, path), join(this.#folder, path));
    mkdirSync(this.path(TEMPORARY));
  }

  /** Runs `work` while `file` contains `text`. */
  async with<T>(file: string, text: string, work: () => Promise<T>): Promise<T> {
    const path = join(this.#folder, file);
    const original = readFileSync(path, "utf8");
    writeFileSync(path, text);
    try {
      return await work();
    } finally {
      writeFileSync(path, original);
    }
  }

  /** Runs Deno there with the lowest priority, for at most `limitMs`. */
  run([verb = "", ...args]: readonly string[], limitMs: number): Promise<Run> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const env = { ...process.env, NO_COLOR: "1", TMPDIR: this.path(TEMPORARY) };
      const words = verb === "coverage" ? [verb, ...args] : [verb, "-A", "--no-check", HEAP, ...args];
      const child = spawn(process.execPath, words, { cwd: this.#folder, env, detached: true });
      const pid = child.pid ?? 0;
      this.#running.add(pid);
      try {
        setPriority(pid, 10);
      } catch {
        // It may have exited, or the system has no priorities.
      }
      let output = "";
      let hung = false;
      const timer = setTimeout(() => {
        hung = true;
        killAll(pid);
      }, limitMs);
      const take = (chunk: Uint8Array): void => void (output += new TextDecoder().decode(chunk));
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(timer);
        this.#running.delete(pid);
        resolve({ output, code, hung, tookMs: performance.now() - startedAt });
      });
    });
  }

  /** A path in the copy. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Kills running commands, and removes the copy and the runtime's caches of it. */
  [Symbol.dispose](): void {
    for (const pid of this.#running) killAll(pid);
    rmSync(this.#folder, { recursive: true, force: true });
    const { typescriptCache } = JSON.parse(execFileSync(process.execPath, ["info", "--json"], { encoding: "utf8" }));
    rmSync(join(typescriptCache, "file", this.#folder), { recursive: true, force: true });
  }
}

/** A child process and its descendants: it leads a process group. */
function killAll(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has exited.
  }
}
