import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LAWS } from "./sim/laws.ts";
import { MUTANTS } from "./sim/mutants.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DOCS = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
const FILES = ["README.md", "DESIGN.md", "CHANGELOG.md", ...DOCS];

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The text without its blocks of code. */
function prose(file: string): string {
  return read(file).replaceAll(/^```.*?^```$/gms, "");
}

/** What GitHub makes of a heading to link to. */
function anchorsOf(file: string): string[] {
  return [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

/** The cells of each row of the table below a heading. */
function tableBelow(file: string, heading: string): string[][] {
  const [, section = ""] = read(file).split(`\n${heading}\n`);
  const [, , ...rows] = section.split(/^#/m)[0]?.split("\n").filter((line) => line.startsWith("|")) ?? [];
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

describe("The documents", () => {
  it("link to files and headings that exist", () => {
    for (const file of FILES) {
      for (const [, link = ""] of prose(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? file : join(dirname(file), path);
        assert(existsSync(join(ROOT, target)), `${file} links to ${link}`);
        if (anchor !== undefined) assert(anchorsOf(target).includes(anchor), `${file} links to ${link}`);
      }
    }
  });

  it("name files and folders that exist", () => {
    for (const file of FILES) {
      const named = read(file).matchAll(/(?<![\w./-])(?:src|tests|bench|cli|tools|manifests|docs)\/[\w./-]*\w/g);
      for (const [path] of named) assert(existsSync(join(ROOT, path)), `${file} names ${path}`);
    }
  });

  it("README.md has at most 200 lines", () => {
    assert(read("README.md").split("\n").length <= 201);
  });

  it("every document for users can be reached from README.md", () => {
    for (const file of DOCS) assert(read("README.md").includes(`](${file}`), file);
  });

  it("each law in DESIGN.md has a mechanism, a test and a mutant that exist", () => {
    const rows = tableBelow("DESIGN.md", "## The laws");
    const tests = read("tests/live/laws_test.ts");
    const mutants: readonly string[] = MUTANTS.map(({ name }) => name);
    const unquoted = (cell = ""): string => cell.replaceAll("`", "");
    assert.deepEqual(rows.map(([law]) => law), [...LAWS]);
    for (const [law, , , test, mutant] of rows) {
      assert(tests.includes(`it("${unquoted(test)}"`), `the test of ${law}`);
      assert(mutants.includes(unquoted(mutant)), `the mutant of ${law}`);
    }
  });

  it("the states in DESIGN.md are those of the sources", () => {
    const statesIn = (text: string): string[] => [...text.matchAll(/"(\w+)"/g)].map(([, state = ""]) => state);
    const declared = (file: string, name: string): string[] =>
      statesIn(new RegExp(`type ${name} = ([^;]+);`).exec(read(file))?.[1] ?? "");
    const shown = (heading: string): string[] =>
      tableBelow("DESIGN.md", heading).flatMap(([state = ""]) =>
        [...state.matchAll(/^`(\w+)`|, `(\w+)`/g)].map(([, first, next]) => first ?? next ?? "")
      );
    assert.deepEqual(shown("### Write states"), declared("src/queue/write.ts", "WriteState"));
    assert.deepEqual(shown("### Stream states"), declared("src/drivers/rest/sse_session.ts", "SseState"));
  });
});
