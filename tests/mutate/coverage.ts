import { join, relative } from "node:path";
import type { Workshop } from "./workshop.ts";

/** A test file, its duration, and the lines of the sources that it runs. */
export interface Covering {
  readonly test: string;
  readonly tookMs: number;
  readonly lines: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Which tests run which line, measured once with the unchanged sources. */
export class Coverage {
  readonly #tests: Covering[] = [];

  /**
   * Runs a test file and records the lines it reaches.
   *
   * @throws {Error} if it fails, since a failing test cannot detect mutants.
   */
  async measure(test: string, workshop: Workshop): Promise<void> {
    const folder = join("coverage-of", test.replaceAll("/", "_"));
    const { code, output, tookMs } = await workshop.run(["test", "-q", `--coverage=${folder}`, test], LIMIT_MS);
    if (code !== 0) throw new Error(`${test} fails without any mutant:\n${output}`);
    const report = await workshop.run(["coverage", "--lcov", "--include=/src/", folder], LIMIT_MS);
    this.#tests.push({ test, tookMs, lines: linesOf(report.output, workshop.path("")) });
  }

  /**
   * The tests that run any of these lines, fastest first; if there seem to be none, all tests that load the file. A
   * line counts as run only if all of it was, so a single line is not enough.
   */
  concerning(file: string, [first, last]: readonly [first: number, last: number]): readonly Covering[] {
    const loading = this.#tests.filter(({ lines }) => lines.has(file)).sort((a, b) => a.tookMs - b.tookMs);
    const running = loading.filter(({ lines }) =>
      [...lines.get(file) ?? []].some((line) => line >= first && line <= last)
    );
    return running.length > 0 ? running : loading;
  }
}

const LIMIT_MS = 300_000;

/** Reads the `SF:file` and `DA:line,count` of a report. */
function linesOf(report: string, root: string): ReadonlyMap<string, ReadonlySet<number>> {
  const files = new Map<string, Set<number>>();
  let lines = new Set<number>();
  for (const [, word, path, line, count] of report.matchAll(/^(SF):(.+)$|^DA:(\d+),(\d+)$/gm)) {
    if (word === "SF" && path !== undefined) {
      lines = new Set();
      files.set(relative(root, path).replaceAll("\\", "/"), lines);
    } else if (Number(count) > 0) lines.add(Number(line));
  }
  return files;
}
