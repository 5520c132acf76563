import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mutated, mutationsOf } from "./mutations.ts";
import { subjects, testFiles } from "./subjects.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function all(text: string): string[] {
  return mutationsOf("sample.ts", text).map((mutation) => mutated(text, mutation));
}

describe("mutationsOf()", () => {
  it("swaps operators and changes numbers", () => {
    assert.deepEqual(all("const a = b < 2;"), [
      "const a = b <= 2;",
      "const a = b >= 2;",
      "const a = b < 3;",
      "const a = b < 1;",
    ]);
    assert.deepEqual(all("a = b ?? c"), [";", "a = ((b) || (c))"]);
    assert.deepEqual(all("a = b ?? []"), [";"], "the same where only lists are");
  });

  it("negates conditions, and makes them constant where that ends", () => {
    assert.deepEqual(all("if (!a) f();"), [
      "if (a) f();",
      "if (!(!a)) f();",
      "if (false) f();",
      "if (true) f();",
      "if (!a) ;",
    ]);
    assert(!all("while (a) f();").includes("while (true) f();"));
  });

  it("drops and swaps arguments, and keeps what stands before them", () => {
    assert.deepEqual(all("const a = f.g<T>(b, c)"), ["const a = f.g<T>(b)", "const a = f.g<T>(c, b)"]);
  });

  it("drops an await, but not where its answer is returned and no failure is caught", () => {
    assert(all("async function f() { await g(); }").includes("async function f() { g(); }"));
    assert.deepEqual(all("async function f() { return await g; }"), []);
    assert(all("async function f() { try { return await g; } catch {} }").some((text) => text.includes("return g;")));
  });

  it("leaves out types, imports and what errors say", () => {
    assert.deepEqual(all('import { a } from "a";\ntype B = "b" | 1;\nconst c = (d: "e"): 2 => d;'), []);
    assert(!all('throw new TypeError("text", 1);').some((text) => text.includes("Error()")));
  });

  it("tells the place by class and method, and the line", () => {
    const [mutation] = mutationsOf("sample.ts", "class A {\n  b() {\n    return 1;\n  }\n}");
    assert.deepEqual([mutation?.within, mutation?.line, mutation?.from, mutation?.to], ["A.b", 3, "1", "2"]);
  });

  it("finds many in the subjects, all of which are there", () => {
    const found = subjects(ROOT).flatMap((file) => mutationsOf(file, readFileSync(`${ROOT}${file}`, "utf8")));
    assert(found.length > 1_000, `${found.length}`);
    assert(testFiles(ROOT).length > 10);
  });
});
