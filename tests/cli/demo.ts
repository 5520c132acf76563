import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const RUN = "Deno" in globalThis ? ["run", "-A", MAIN] : [MAIN];
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Node strips the types of every file each time, which takes longer than what the demo does. */
const NODE_ONLY = "Deno" in globalThis || "Bun" in globalThis ? {} : { NODE_COMPILE_CACHE: compiledFolder() };

function compiledFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "demo-compiled-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How one run of the demo ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own to run the demo in, as a real child process of the runtime that runs the test. */
export class DemoFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "demo-test-"));

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Runs the demo with these words. */
  run(...words: readonly string[]): Promise<Ran> {
    return this.runIn({}, ...words);
  }

  /** Runs the demo with more variables in its environment. */
  runIn(env: { readonly [name: string]: string }, ...words: readonly string[]): Promise<Ran> {
    const options = { cwd: this.path, env: environment(env), maxBuffer: MAX_OUTPUT_BYTES };
    return new Promise((resolve) => {
      execFile(process.execPath, [...RUN, ...words], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout: String(stdout), stderr: String(stderr) });
      });
    });
  }

  /** Runs the demo with `--json`, and reads the document. */
  async json(...words: readonly string[]): Promise<Document> {
    const { stdout } = await this.run(...words, "--json");
    return documentOf(stdout);
  }

  /** Starts the demo with these words, which make it go on until it is told to end. */
  start(...words: readonly string[]): RunningDemo {
    return this.startIn({}, ...words);
  }

  /** Starts the demo with more variables in its environment. */
  startIn(env: { readonly [name: string]: string }, ...words: readonly string[]): RunningDemo {
    return new RunningDemo(spawn(process.execPath, [...RUN, ...words], { cwd: this.path, env: environment(env) }));
  }

  /** Starts a server, and resolves when it listens. Unless the flags say where, on any port that is free. */
  async serve(...flags: readonly string[]): Promise<RunningServer> {
    const server = this.start(
      "serve",
      "--until-stdin-ends",
      ...flags.includes("--port") ? [] : ["--port", "0"],
      ...flags,
    );
    return Object.assign(server, { url: (await server.line(/^serving http/)).slice("serving ".length) });
  }

  /** Every file with a digest of its bytes. */
  snapshot(): readonly string[] {
    const entries = readdirSync(this.path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
    }).sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function environment(more: { readonly [name: string]: string }): { readonly [name: string]: string | undefined } {
  const { NO_COLOR: _, FORCE_COLOR: __, VANTAGE_LOG: ___, ...inherited } = process.env;
  return { ...inherited, ...NODE_ONLY, ...more };
}

/** A demo that goes on until it is told to end; at the latest, when the test is done with it. */
export class RunningDemo implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** The exit code, once the process and those that it started are gone; `null` if a signal ended it. */
  readonly ended: Promise<number | null>;
  #said = "";

  constructor(child: ChildProcess) {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new TypeError("The demo must be started with pipes");
    this.#child = child;
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    stderr.on("data", (chunk) => void (this.#said += String(chunk)));
    this.ended = new Promise((resolve) => child.once("close", (code) => resolve(code)));
  }

  /** The next line on standard output that fits. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) throw new Error(`The demo ended without a line like ${pattern}; it said:\n${this.#said}`);
      this.#said += `${value}\n`;
      if (pattern.test(value)) return value;
    }
  }

  /** The next line that is a document of this event. */
  async event(name: string): Promise<Document> {
    return documentOf(await this.line(new RegExp(`"event":"${name}"`)));
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Sends a signal, and resolves as `ended` does. */
  end(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): Promise<number | null> {
    // Deno's `kill` of a child would hide its exit code.
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}

/** A server, and where it listens. */
export type RunningServer = RunningDemo & { readonly url: string };

/** A JSON document of the demo. */
export type Document = { readonly [name: string]: unknown };

/** The one document that a text is. */
export function documentOf(text: string): Document {
  const parsed: unknown = JSON.parse(text);
  if (!isDocument(parsed)) throw new TypeError(`Not a document: ${text}`);
  return parsed;
}

/** The rows in a document. */
export function rowsOf({ rows }: Document): readonly Document[] {
  return Array.isArray(rows) ? rows.filter(isDocument) : [];
}

/** The ids of the rows in a document. */
export function idsOf(document: Document): readonly unknown[] {
  return rowsOf(document).map(({ id }) => id);
}

/** Whether something is an object with fields. */
export function isDocument(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
