import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
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
    const { NO_COLOR: _, FORCE_COLOR: __, VANTAGE_LOG: ___, ...inherited } = process.env;
    const options = {
      cwd: this.path,
      env: { ...inherited, ...NODE_ONLY, ...env },
      maxBuffer: MAX_OUTPUT_BYTES,
    };
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
