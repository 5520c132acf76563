/** Which tests run a line of the sources: no other can detect a mistake in it. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, run } from "./run_deno.ts";

const FOLDERS = ["live", "queue", "base", "change", "outbox"];
const OTHERS = [
  "tests/conformance/cache_conformance_test.ts",
  "tests/conformance/outbox_conformance_test.ts",
  "tests/stream/manual_live_stream_test.ts",
  "tests/cache/mem_cache_test.ts",
  "tests/cache/cache_key_test.ts",
  "tests/cache/layered_cache_test.ts",
  "tests/cache/shared_rows_test.ts",
  "tests/cache/counted_rows_test.ts",
  "tests/table/listed_rows_test.ts",
  "tests/conformance/sim_redis_conformance_test.ts",
  "tests/drivers/redis/redis_clocks_test.ts",
  "tests/drivers/redis/redis_reads_test.ts",
  "tests/drivers/redis/redis_live_stream_test.ts",
];
const TEST = ["test", "-A", "--no-check", "--fail-fast"];
const LIMIT_MS = 300_000;

interface TestFile {
  readonly path: string;
  readonly tookMs: number;
  /** For each file of the sources, the lines that it runs. */
  readonly lines: ReadonlyMap<string, ReadonlySet<number>>;
}

/** The tests that may detect a mistake in the sources. */
export class CoveringTests {
  /** The fastest first. */
  readonly #files: readonly TestFile[];

  private constructor(files: readonly TestFile[]) {
    this.#files = files.toSorted((one, other) => one.tookMs - other.tookMs);
  }

  /**
   * Runs each test file by itself, in one of some copies of the project.
   *
   * @throws {Error} if one fails.
   */
  static async in(copies: readonly string[]): Promise<CoveringTests> {
    const [root = ""] = copies;
    const waiting = FOLDERS.flatMap((folder) =>
      readdirSync(join(root, "tests", folder)).filter((name) => name.endsWith("_test.ts")).map((name) =>
        `tests/${folder}/${name}`
      )
    ).concat(OTHERS);
    const files: TestFile[] = [];
    await Promise.all(copies.map(async (copy) => {
      for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
        files.push(await measured(path, copy));
      }
    }));
    return new CoveringTests(files);
  }

  /** The commands that run the tests of some lines of a file of the sources, the fastest tests first. */
  commandsFor(file: string, first: number, last: number): readonly (readonly string[])[] {
    const paths = this.#files.filter(({ lines }) => isAnyIn(lines.get(file), first, last)).map(({ path }) => path);
    const commands: string[][] = [];
    // Most mistakes are detected by the first of many tests.
    for (let size = 4; paths.length > 0; size *= 4) commands.push([...TEST, ...paths.splice(0, size)]);
    return commands;
  }
}

async function measured(path: string, root: string): Promise<TestFile> {
  const folder = mkdtempSync(join(tmpdir(), "vantage-live-coverage-"));
  try {
    const startedAt = performance.now();
    const tested = await run([...TEST, `--coverage=${folder}`, path], root, LIMIT_MS);
    if (tested.code !== 0) throw new Error(`${path} fails without a mutant:\n${tested.output}`);
    const tookMs = performance.now() - startedAt;
    const report = await run(["coverage", "--lcov", "--include=/src/", folder], root, LIMIT_MS);
    return { path, tookMs, lines: linesIn(report) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of each file that were run, in a report as lcov prints it. */
function linesIn({ output }: Run): ReadonlyMap<string, ReadonlySet<number>> {
  const lines = new Map<string, Set<number>>();
  let inFile = new Set<number>();
  for (const text of output.split("\n")) {
    const [, file] = /^SF:.*\/src\/(.+)$/.exec(text) ?? [];
    if (file !== undefined) lines.set(file, inFile = new Set());
    const [, line, count] = /^DA:(\d+),(\d+)$/.exec(text) ?? [];
    if (line !== undefined && count !== "0") inFile.add(Number(line));
  }
  return lines;
}

function isAnyIn(lines: ReadonlySet<number> | undefined, first: number, last: number): boolean {
  for (let line = first; line <= last; line++) if (lines?.has(line)) return true;
  return false;
}
