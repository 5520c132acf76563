import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { describe } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startRedis, WITHOUT_REDIS } from "../databases/redis_server.ts";
import { skippable } from "../skippable.ts";
import { DemoFolder } from "./demo.ts";

/** Where the packages of the tests are installed. */
const PACKAGES = fileURLToPath(new URL("../node_modules", import.meta.url));

describe("demo --cache redis://", () => {
  skippable("keeps rows in Redis, from one process to the next", WITHOUT_REDIS, async () => {
    await using started = new AsyncDisposableStack();
    const server = started.adopt(await startRedis(["--requirepass", "secret"]), (redis) => redis.remove());
    using folder = new DemoFolder();
    symlinkSync(PACKAGES, folder.file("node_modules"), "junction");
    const host = `127.0.0.1:${server.port}`;
    const cache = ["--cache", `redis://:secret@${host}`];
    for (const expected of [/MISS/, /HIT/]) {
      const { stdout, stderr, code } = await folder.run("list", ...cache);
      assert.match(stdout, expected);
      assert.deepEqual([stderr, code], ["", 0]);
    }
    await folder.run("patch", "a", "price=9", ...cache);
    assert.match((await folder.run("list", ...cache)).stdout, /9/);
    const info = await folder.run("info", ...cache);
    assert.match(info.stdout, new RegExp(`RedisCache[^]*${host}`));
    assert.doesNotMatch(info.stdout, /secret/);
    const wrong = await folder.run("list", "--cache", `redis://:geheim@${host}`);
    assert.deepEqual([wrong.code, wrong.stderr], [2, `demo: There is no Redis at ${host}, or it refuses the user\n`]);
  });

  skippable("ends where the user may not do what a cache needs", WITHOUT_REDIS, async () => {
    await using started = new AsyncDisposableStack();
    const reader = ["--user", "reader", "on", ">secret", "~*", "+@read", "+@connection"];
    const server = started.adopt(await startRedis(reader), (redis) => redis.remove());
    using folder = new DemoFolder();
    symlinkSync(PACKAGES, folder.file("node_modules"), "junction");
    const words = ["list", "--cache", `redis://reader:secret@127.0.0.1:${server.port}`];
    await using listing = folder.start(...words);
    assert.equal(await Promise.race([listing.ended, setTimeout(20_000, "still running", { ref: false })]), 2);
    assert.match((await folder.run(...words)).stderr, /Cannot open the cache at .*: Redis refuses the user/);
  });

  skippable("says what is missing", undefined, async () => {
    using folder = new DemoFolder();
    mkdirSync(folder.file("node_modules")); // without it, Bun downloads what is missing
    const { code, stderr } = await folder.run("list", "--cache", "redis://127.0.0.1:1");
    assert.equal(code, 2);
    assert.match(stderr, /--cache redis:\/\/\.\.\. needs the npm package redis; "npm install --no-save redis@6"/);
  });
});
