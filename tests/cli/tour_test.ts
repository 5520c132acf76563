import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { DemoFolder, isDocument } from "./demo.ts";

const TIME = String.raw`\s+[\d.]+ ms  `;

describe("demo without a verb", () => {
  it("demo shows miss, hit, warm start, add, miss, event, miss, each with its time", async () => {
    using folder = new DemoFolder();
    const { code, stdout, stderr } = await folder.run();
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const stages = ["MISS", "HIT", "HIT", "MISS", "HIT", "ADD", "MISS", "PATCH", "MISS", "EVENT", "MISS", "WRITE"];
    assert.match(stdout, new RegExp(stages.map((stage) => `^${stage}${TIME}`).join("(?:.|\\n)*?"), "m"));
    assert.match(stdout, /HIT .*a is still Apple tart/);
    assert.match(stdout, /EVENT .*\nMISS .*a is Apricot tart {2}received \d+ rows?$/m);
    const network = ["SERVE", "EVENT", "MISS", "HIT", "PATCH", "MISS", "HIT"];
    const [, across = ""] = /^Across a network.*\n([^]*?)\n\n/m.exec(stdout) ?? [];
    assert.deepEqual(across.split("\n").map((line) => line.split(" ")[0]), network);
    assert.match(across, /^MISS +(?:[4-9]\d|\d{3,}).* list: 50 rows {2}received 50 rows$/m);
    assert.match(across, /MISS .*a is Almond tart/);
    assert.match(stdout, /100 of 100 got their own answer/);
    assert.match(stdout, /^page of 50.* ms .* ms .*x$/m);
    assert.match(stdout, /^masterReads +\d+$/m);
  });

  it("demo removes its folder, and leaves nothing in the current one", async () => {
    using folder = new DemoFolder();
    mkdirSync(folder.file("temporary"));
    const { code } = await folder.runIn({ TMPDIR: folder.file("temporary") });
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(folder.path), ["temporary"]);
    assert.deepEqual(readdirSync(folder.file("temporary")), []);
  });

  it("demo leaves neither files nor a server when it is interrupted", async () => {
    using folder = new DemoFolder();
    mkdirSync(folder.file("temporary"));
    await using tour = folder.startIn({ TMPDIR: folder.file("temporary") });
    await tour.line(/^SERVE/);
    assert.equal(await tour.end("SIGINT"), 130);
    assert.deepEqual(readdirSync(folder.file("temporary")), []);
  });

  it("demo --json prints one document with the stages and what was measured", async () => {
    using folder = new DemoFolder();
    const { verb, steps, measured } = await folder.json();
    assert.equal(verb, "tour");
    assert.ok(Array.isArray(steps));
    const outcomes = steps.filter(isDocument).map(({ step, outcome }) => outcome ?? step);
    assert.deepEqual(outcomes.slice(0, 4), ["seed", "miss", "hit", "hit"]);
    assert.ok(isDocument(measured) && Array.isArray(measured.costs));
    for (const cost of measured.costs) {
      assert.ok(isDocument(cost));
      const { missMs, hitMs, repeats } = cost;
      assert.ok(Number(missMs) > 0 && Number(hitMs) > 0 && Number(repeats) >= 100, JSON.stringify(cost));
    }
  });
});
