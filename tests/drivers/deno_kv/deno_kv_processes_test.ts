import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { newPath } from "../../conformance/temp_folder.ts";
import { assertConsistent, entry, kvIt, large, stored, textIn } from "./deno_kv_fixture.ts";

describe("A DenoKvCache file that several processes use at once", () => {
  kvIt("serves nobody what was invalidated before, and nothing that is not whole", async () => {
    const [cachePath, masterPath] = [newPath("shared.kv"), newPath("master.db")];
    const master = new DatabaseSync(masterPath);
    master.exec("PRAGMA journal_mode = WAL");
    master.exec("CREATE TABLE truth (scope TEXT PRIMARY KEY, version INTEGER NOT NULL, settled INTEGER NOT NULL)");
    master.exec("INSERT INTO truth VALUES ('clients/', 0, 0), ('orders/', 0, 0)");
    master.close();

    const rounds = 400;
    const workers = await Promise.all(
      ["1", "2", "3"].map((seed) => startWorker(cachePath, masterPath, `${rounds}`, seed)),
    );
    const counted = await Promise.all(workers.map((worker) => worker.go()));
    const sum = (name: keyof Counts): number => counted.reduce((total, counts) => total + counts[name], 0);
    assert.equal(sum("violations"), 0);
    assert.equal(sum("halves"), 0);
    assert.equal(sum("reads") + sum("writes"), 3 * rounds);
    assert.equal(sum("hits") + sum("fills") + sum("refused"), sum("reads"));
    // Without these, nothing would have been tried.
    assert(sum("hits") > 0 && sum("fills") > 0 && sum("writes") > 0, JSON.stringify(counted));
    using kv = await Deno.openKv(cachePath);
    assert(await assertConsistent(kv) <= 5);
  });

  kvIt(
    "is whole after one of them is killed in the middle of a large put, and what that left is cleared away",
    async () => {
      // Its chunks are written by the first three writes, its head by the fourth.
      for (const [write, unfinished] of [[1, 0], [2, 1], [3, 1], [4, 1]] as const) {
        const path = newPath("killed.kv");
        using kv = await Deno.openKv(path);
        const cache = await DenoKvCache.open(kv);
        await cache.put("clients/all", large(100_000, "x"));
        const child = start("deno_kv_killed.ts", path, `${write}`);
        child.stdin?.end();
        const [, signal] = await once(child, "exit");
        assert.equal(signal, "SIGKILL");

        assert.match(String(textIn(await cache.get("clients/all"))), /^x+$/, `killed before write ${write}`);
        await assertConsistent(kv, unfinished);
        assert((await stored(kv, "chunk")).length > 2 || unfinished === 0);
        await cache.invalidatePrefix("clients/");
        for (let put = 0; put < 8; put++) await cache.put("orders/all", entry("new"));
        assert.equal(await assertConsistent(kv), 1);
        assert.deepEqual(await stored(kv, "chunk"), []);
      }
    },
  );
});

interface Counts {
  readonly reads: number;
  readonly hits: number;
  readonly fills: number;
  readonly refused: number;
  readonly writes: number;
  readonly violations: number;
  readonly halves: number;
}

/** A worker that waits to be told to go. */
async function startWorker(...args: readonly string[]): Promise<{ readonly go: () => Promise<Counts> }> {
  const { stdin, stdout } = start("deno_kv_worker.ts", ...args);
  assert(stdin !== null && stdout !== null);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  return {
    go: async () => {
      stdin.end("go");
      const { value } = await lines.next();
      return JSON.parse(value ?? "the worker failed");
    },
  };
}

function start(name: string, ...args: readonly string[]): ChildProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  return spawn(process.execPath, ["run", "-A", "--no-check", script, ...args], {
    cwd: dirname(script),
    stdio: ["pipe", "pipe", "inherit"],
  });
}
