import { existsSync, readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";

/** The files and folders whose code is mutated, folders with all their files. */
const SUBJECTS = [
  "src/live",
  "src/queue",
  "src/change",
  "src/trace",
  "src/base/line.ts",
  "src/base/places.ts",
  "src/base/lazy_promise.ts",
  "src/base/async_context.ts",
  "src/base/abortable.ts",
  "src/base/backoff.ts",
  "src/base/deadline.ts",
  "src/base/on_abort.ts",
  "src/base/pause.ts",
  "src/cache/mem_cache.ts",
  "src/cache/cache_key.ts",
  "src/drivers/sqlite/sqlite_store.ts",
  "src/drivers/sqlite/sqlite_store_schema.ts",
  "src/table/canonical_query.ts",
  "src/table/canonical_value.ts",
  "src/table/chain.ts",
  "src/table/check_query.ts",
  "src/table/compare_values.ts",
  "src/table/query.ts",
  "src/table/query_parts.ts",
  "src/table/value_set.ts",
  "src/table/evaluate_query.ts",
];

/** The folders of tests that may cover them. */
const TESTS = [
  "tests/live",
  "tests/queue",
  "tests/base",
  "tests/cache",
  "tests/table",
  "tests/trace",
  "tests/hostile",
  "tests/conformance",
  "tests/drivers/sqlite",
];

/**
 * Excluded tests: they start processes, or need an engine that no subject uses, so they take long and detect no more.
 */
const NOT_ASKED = /deno_kv|processes|codec|rest_|sse_/;

/** The subjects, as paths from `root` with slashes, sorted. */
export function subjects(root: string): readonly string[] {
  return SUBJECTS.flatMap((path) => filesOf(root, path)).filter((path) => path.endsWith(".ts"));
}

/** The test files that may be run, as paths from `root`. */
export function testFiles(root: string): readonly string[] {
  return TESTS.flatMap((path) => filesOf(root, path))
    .filter((path) => path.endsWith("_test.ts") && !NOT_ASKED.test(path));
}

/** Refuses a missing path: it was renamed, and would otherwise be skipped silently. */
function filesOf(root: string, path: string): readonly string[] {
  if (!existsSync(join(root, path))) throw new Error(`${path} does not exist: tests/mutate/subjects.ts names it`);
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(path, name.replaceAll("\\", "/")))
    .sort();
}
