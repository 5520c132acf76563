import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Output, paint, type Sink } from "../../cli/output.ts";
import { DemoFolder } from "./demo.ts";

/** Whatever could move a cursor, change a colour, ring a bell or turn the direction of text. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const NASTY = "\u001b[31mred\u0007\u009b2J\u202edlrow\r\n";

class Page implements Sink {
  text = "";
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

function outputOn(stdout: Page, env: { readonly [name: string]: string } = {}, json = false): Output {
  return new Output({ stdout, stderr: stdout, json, env });
}

describe("Output", () => {
  it("Output.line() colours on a terminal, and nowhere else", () => {
    for (
      const [isTTY, env, coloured] of [
        [true, {}, true],
        [true, { NO_COLOR: "" }, true],
        [true, { NO_COLOR: "1" }, false],
        [true, { TERM: "dumb" }, false],
        [false, {}, false],
      ] as const
    ) {
      const page = new Page(isTTY);
      outputOn(page, env).line(paint("green", "HIT"), " 1 ms");
      assert.equal(page.text, coloured ? "\u001b[32mHIT\u001b[0m 1 ms\n" : "HIT 1 ms\n");
    }
  });

  it("Output lets no control character of the data through, in lines, tables and documents", () => {
    const page = new Page(false);
    const out = outputOn(page);
    out.line(NASTY, paint("red", NASTY));
    out.table([NASTY], [[NASTY], [{ inner: NASTY }], [[NASTY]]]);
    out.error(NASTY);
    outputOn(page, {}, true).document({ [NASTY]: NASTY });
    assert.doesNotMatch(page.text, UNSAFE);
    assert.match(page.text, /\\u001b\[31mred\\u0007\\u009b2J\\u202edlrow\\u000d\\u000a/);
  });

  it("Output.document() stays JSON that reads back as it was", () => {
    const page = new Page(false);
    outputOn(page, {}, true).document({ text: NASTY });
    assert.deepEqual(JSON.parse(page.text), { text: NASTY });
  });

  it("Output.table() aligns wide and combining characters, and cuts what is too long", () => {
    const page = new Page(false);
    outputOn(page).table(["name", "n"], [["パン", 1], ["e\u0301clair", 22], ["x".repeat(60), 333]]);
    const [head, wide, accent, long] = page.text.split("\n");
    assert.equal(head, `${"name".padEnd(40)}    n`);
    assert.equal(wide, `パン${" ".repeat(36)}    1`);
    assert.equal(accent, `e\u0301clair${" ".repeat(34)}   22`);
    assert.equal(long, `${"x".repeat(37)}...  333`);
  });

  it("Output.progress() is drawn on a terminal only", () => {
    const [terminal, file] = [new Page(true), new Page(false)];
    outputOn(terminal).progress("half");
    outputOn(file).progress("half");
    assert.deepEqual([terminal.text, file.text], ["\rhalf", ""]);
  });
});

describe("demo and the terminal", () => {
  it("demo lets no control character of data or arguments through, traces included", async () => {
    using folder = new DemoFolder();
    const id = NASTY.trim();
    const runs = [
      await folder.run("add", id, JSON.stringify({ name: NASTY, price: 1 })),
      await folder.runIn({ VANTAGE_LOG: "trace" }, "patch", id, `name=${NASTY}!`),
      await folder.run("get", id, "--debug"),
      await folder.run("list"),
      await folder.run("list", "--json"),
      await folder.run(NASTY),
      await folder.run("list", "--where", `${NASTY}=1`),
      await folder.run("list", "--master", id),
      await folder.run("list", "--page", NASTY),
      await folder.run("get", `${id}?`),
    ];
    for (const { stdout, stderr } of runs) {
      assert.doesNotMatch(stdout, UNSAFE);
      assert.doesNotMatch(stderr, UNSAFE);
    }
    assert.deepEqual(runs.map(({ code }) => code), [0, 0, 0, 0, 0, 2, 2, 2, 2, 1]);
  });
});
