import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { DemoFolder } from "./demo.ts";

const { version } = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));

/** Two ways of saying the same. */
const SAME: readonly (readonly [words: readonly string[], others: readonly string[]])[] = [
  [["list", "name=Bun"], ["list", "--where", "name=Bun"]],
  [["products", "name=Bun"], ["list", "--where", "name=Bun"]],
  [["products", "name=Bun", "list"], ["list", "--where", "name=Bun"]],
  [["list", "page=2", "limit=3"], ["list", "--page", "2", "--limit", "3"]],
  [["list", "order=price:desc", "search=a"], ["list", "--order", "price:desc", "--search", "a"]],
  [["clients"], ["list", "--entity", "clients"]],
  [["clients", "page=2", "limit=2", "list"], ["list", "--entity", "clients", "--page", "2", "--limit", "2"]],
  [["orders", "ref", "clients", "limit=2"], ["list", "--entity", "clients", "--limit", "2"]],
  [["products", "get", "a"], ["get", "a"]],
];

describe("demo in the grammar of its ancestor", () => {
  it("takes a table as the first word, column=value, and page= as its flags say", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    for (const [words, others] of SAME) {
      const [one, other] = [await folder.json(...words, "--no-cache"), await folder.json(...others, "--no-cache")];
      assert(one.rows !== undefined || one.row !== undefined, words.join(" "));
      assert.deepEqual([one.rows, one.row, one.page], [other.rows, other.row, other.page], words.join(" "));
    }
  });

  it("--no-cache keeps rows nowhere", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    await folder.run("list");
    assert.equal((await folder.json("list", "--no-cache")).outcome, "miss");
  });

  it("help, help <verb>, -h and --version say what --help says, and the version", async () => {
    using folder = new DemoFolder();
    const [all, list] = [await folder.run("--help"), await folder.run("list", "--help")];
    assert.match(all.stdout, /verbs/);
    assert.deepEqual(await folder.run("help"), all);
    assert.deepEqual(await folder.run("-h"), all);
    assert.deepEqual(await folder.run("help", "list"), list);
    assert.deepEqual(await folder.run("list", "-h"), list);
    assert.deepEqual(await folder.run("--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    assert.deepEqual(folder.snapshot(), []);
  });

  it("add of an id that exists says so first", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { stdout, code } = await folder.run("add", "a", "Other", "1");
    assert.equal(code, 0);
    assert.match(stdout, /^Row "a" of products exists already and was not changed:\n/);
  });
});
