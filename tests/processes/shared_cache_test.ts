import assert from "node:assert/strict";
import { describe } from "node:test";
import { newPath } from "../conformance/temp_folder.ts";
import { startRedis, WITHOUT_REDIS } from "../databases/redis_server.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { skippable } from "../skippable.ts";
import { type Child, LONG, ONLY_ON_DENO, type Runtime, startChild } from "./children.ts";
import { Load, type LoadCounts, type LoadOptions } from "./load.ts";
import { SharedMaster } from "./shared_master.ts";

const ROUNDS = LONG ? 5_000 : 200;

describe("Processes that share one cache, all reading, writing and invalidating", () => {
  const everybody: readonly Runtime[] = ["node", "bun", "deno"];
  for (
    const [title, cache, others, invalidation = "surgical"] of [
      ["Deno, Node and Bun on one SqliteCache file", "sqlite", everybody],
      ["three Denos on one DenoKvCache", "kv", ["deno", "deno"]],
      ["Deno, Node and Bun on one RedisCache", "redis", everybody],
      ["two Denos on one SqliteCache file, each change invalidating all", "sqlite", ["deno"], "all"],
      ["two Denos on one DenoKvCache, each change invalidating all", "kv", ["deno"], "all"],
    ] as const
  ) {
    const seed = newSeed();
    const missing = cache === "redis" ? WITHOUT_REDIS : undefined;
    skippable(
      `serve nothing old, at any time and at rest: ${title} (seed ${seed})`,
      ONLY_ON_DENO ?? missing,
      async () => {
        // Nobody outlives a test that fails.
        await using started = new AsyncDisposableStack();
        const redis = cache === "redis" ? started.adopt(await startRedis(), (server) => server.remove()) : undefined;
        const [cachePath, masterPath] = [
          redis === undefined ? newPath("cache.db") : `${redis.port}`,
          newPath("master.db"),
        ];
        SharedMaster.create(masterPath, 100);
        const optionsOf = (owned: number): LoadOptions => ({
          cache,
          cachePath,
          masterPath,
          owned,
          maxLatencyMs: 3,
          invalidation,
          seed: seed + owned,
        });
        const children = others.map((runtime, at) =>
          started.use(startChild(runtime, "load_child.ts", optionsOf(at + 1)))
        );
        await Promise.all(children.map((child) => child.lines.next()));
        await using load = await Load.open(optionsOf(0));

        await Promise.all([load.run(ROUNDS), ...children.map((child) => ask(child, `run ${ROUNDS}`))]);
        await assertAtRest(load, children);
        for (const child of children) {
          await ask(child, "change");
          await assertAtRest(load, children);
        }
        await load.changeAndInvalidate();
        const counted = await assertAtRest(load, children);

        const sum = (name: Exclude<keyof LoadCounts, "violations">): number =>
          counted.reduce((total, counts) => total + counts[name], 0);
        assert.equal(sum("cacheFailures"), 0);
        assert(sum("hits") > 0 && sum("writes") > 0 && sum("invalidations") > 0, JSON.stringify(counted));
        for (const child of children) child.end();
        assert.deepEqual(await Promise.all(children.map(({ ended }) => ended)), children.map(() => 0));
      },
    );
  }
});

/** Nobody changes anything: then everybody is served what the master holds. */
async function assertAtRest(load: Load, children: readonly Child[]): Promise<readonly LoadCounts[]> {
  await load.readAtRest();
  const counted = [load.counts, ...await Promise.all(children.map((child) => ask(child, "read")))];
  for (const { violations } of counted) assert.deepEqual(violations, []);
  return counted;
}

async function ask(child: Child, step: string): Promise<LoadCounts> {
  child.tell(step);
  const { value, done } = await child.lines.next();
  assert(!done, `${child.runtime} ended at ${step}`);
  return value as LoadCounts;
}
