import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DemoFolder, isDocument } from "./demo.ts";

describe("demo event-then-list", () => {
  it("demo event-then-list shows miss, hit, event, miss with times", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { code, stdout, stderr } = await folder.run("event-then-list");
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const words = stdout.trim().split("\n").map((line) => /^(\w+) +[\d.]+ ms /.exec(line)?.[1]);
    assert.deepEqual(words, ["MISS", "HIT", "EVENT", "MISS"]);
  });

  it("demo event-then-list --id reads one row again, and without it the page", async () => {
    using folder = new DemoFolder();
    const runs = [
      { id: ["--id", "a"], effect: "hole", outcome: "miss", rowsReceived: 1 },
      { id: [], effect: "dead", outcome: "miss", rowsReceived: 10 },
      { id: ["--id", "zz"], effect: "nothing", outcome: "hit", rowsReceived: 0 },
    ];
    for (const { id, effect, outcome, rowsReceived } of runs) {
      const { event, changes, before, after } = await folder.json("event-then-list", ...id, "--cache", "mem");
      assert.deepEqual(event, id.length === 0 ? { kind: "changed" } : { kind: "updated", id: id[1] });
      assert.ok(Array.isArray(changes) && Array.isArray(before) && isDocument(after));
      assert.deepEqual(changes.map(({ by, effect }) => [by, effect]), [["event", effect]]);
      assert.deepEqual(before.map((list) => [list.outcome, list.rowsReceived]), [["miss", 10], ["hit", 0]]);
      assert.deepEqual([after.outcome, after.rowsReceived], [outcome, rowsReceived]);
    }
  });

  it("demo event-then-list says what the event did to the page", async () => {
    using folder = new DemoFolder();
    const { stdout } = await folder.run("event-then-list", "--id", "a", "--cache", "mem");
    assert.match(
      stdout,
      /^EVENT .* updated "a": this row of the cached page 1 is to be read again\nMISS .* received 1 row$/m,
    );
    const { stdout: uncached } = await folder.run("event-then-list", "--no-cache");
    assert.match(uncached, /^EVENT .* changed: page 1 is not cached$/m);
  });
});

describe("demo info", () => {
  it("demo info draws master, cache, queue and live table with their facts", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { code, stdout } = await folder.run("info");
    assert.equal(code, 0);
    for (const fact of ["LiveTable of products", "SqliteCache", "master.sqlite", "price REAL", "held, 10 rows"]) {
      assert.ok(stdout.includes(fact), `${fact} in\n${stdout}`);
    }
    assert.match(stdout, /SqliteTable products, 10 rows/);
    assert.match(stdout, /misses +\| one at a time\n +v +v per row\n/);
    // deno-lint-ignore no-control-regex -- whether there is anything but ASCII
    assert.doesNotMatch(stdout, /[^\u0000-\u007f]/);
    const lines = stdout.split("\n");
    assert.equal(lines.filter((line) => line === `+${"-".repeat(76)}+`).length, 4, stdout);
    assert.ok(lines.every((line) => line.length <= 80), stdout);
  });

  it("demo info shows what other processes have done to the page", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { stdout: patched } = await folder.run("patch", "a", "price=3");
    assert.match(patched, /^patched .*; put in place in the cached page 1$/m);
    assert.match((await folder.run("info")).stdout, /page 1 +held, 10 rows .*\n\| changes +1 in place /);
    await folder.run("add", "d", "Donut", "5");
    const { cache } = await folder.json("info");
    assert.ok(isDocument(cache) && Array.isArray(cache.changes));
    const shown = cache.changes.map(({ id, by, effect }) => `${id} by ${by}: ${effect}`);
    assert.deepEqual([cache.held, shown], [false, ["a by write: in place", "d by write: dead"]]);
  });

  it("demo info --json tells the same", async () => {
    using folder = new DemoFolder();
    const info = await folder.json("info", "--entity", "orders", "--cache", "mem");
    assert.ok(isDocument(info.master) && isDocument(info.capabilities));
    assert.deepEqual(info.cache, { kind: "mem", held: false, changes: [] });
    assert.deepEqual(info.refs, ["products", "clients"]);
    assert.equal(info.master.rows, 20);
    assert.equal(info.capabilities.page, true);
    assert.match(String(info.cacheKey), /^orders@/);
  });
});

describe("demo stats", () => {
  it("demo stats shows what its reads were counted as, and the cache", async () => {
    using folder = new DemoFolder();
    const { code, stdout } = await folder.run("stats");
    assert.equal(code, 0);
    assert.match(stdout, /^MISS .*\nHIT .*\nHIT .*\nHIT /m);
    assert.match(stdout, /^hits +3$/m);
    assert.match(stdout, /^path +\S+cache\.sqlite$/m);
    const { stats, cache } = await folder.json("stats");
    assert.ok(isDocument(stats) && isDocument(cache));
    assert.deepEqual(
      [stats.hits, stats.misses, stats.masterReads],
      [4, 0, 0],
      "another process finds the row in the list",
    );
    assert.equal(cache.held, true);
  });
});

describe("demo --debug", () => {
  it("demo --debug prints traces to standard error only, before or after the verb", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    const plain = await folder.run("get", "a");
    assert.equal(plain.stderr, "");
    const traced = await folder.run("--debug", "get", "a");
    assert.match(traced.stderr, /DEBUG vantage_live::cache get .*outcome=hit/);
    assert.doesNotMatch(traced.stdout, /vantage_live/);
    assert.doesNotMatch(traced.stderr, /TRACE/);
  });

  it("VANTAGE_LOG turns traces on by itself, and says how many", async () => {
    using folder = new DemoFolder();
    await folder.run("seed");
    const { stderr } = await folder.runIn({ VANTAGE_LOG: "vantage_live::queue=trace" }, "add", "e", "Eclair", "9");
    assert.match(stderr, /TRACE vantage_live::queue row .*Eclair/);
    assert.doesNotMatch(stderr, /vantage_live::cache/);
  });
});

describe("demo --help", () => {
  it("demo --help names every verb, and each verb explains its flags", async () => {
    using folder = new DemoFolder();
    const { code, stdout } = await folder.run("--help");
    assert.equal(code, 0);
    const verbs = [
      "seed",
      "list",
      "get",
      "add",
      "patch",
      "delete",
      "writes",
      "serve",
      "watch",
      "event-then-list",
      "info",
      "stats",
    ];
    const helps = await Promise.all(verbs.map((verb) => folder.run(verb, "--help")));
    for (const [index, verb] of verbs.entries()) {
      assert.match(stdout, new RegExp(`^  ${verb}\\b`, "m"));
      assert.equal(helps[index]?.code, 0);
      assert.match(helps[index]?.stdout ?? "", new RegExp(`^usage: demo ${verb}.*--master`, "ms"));
    }
    assert.deepEqual(folder.snapshot(), []);
  });
});
