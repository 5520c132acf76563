import assert from "node:assert/strict";
import { cpSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { describe } from "node:test";
import { createRequire } from "node:module";
import { newPath } from "../conformance/temp_folder.ts";
import { ROOT } from "../package/installed.ts";
import { BUN, NODE_24, ONLY_ON_DENO, run } from "../package/runtimes.ts";
import { skippable } from "../skippable.ts";

const PROBE = `
import { decodeRows, encodeRows } from "./src/cache/codec.ts";
import { Rows } from "./src/table/rows.ts";
const texts = Array.from({ length: 300 }, (_, at) => "text ".repeat(at % 40) + at);
const rows = Rows.from(texts.map((text, at) => [text, { text, at, list: [text] }]));
console.log(JSON.stringify([...decodeRows(encodeRows(rows))]) === JSON.stringify([...rows]));
`;

/** A project with our sources and cbor-x, and in the place of its addon one that ends the process that loads it. */
function projectWithBrokenAddon(): string {
  const folder = newPath("broken-addon");
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "cbor-extract"), { recursive: true });
  cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true });
  const entry = createRequire(import.meta.url).resolve("cbor-x/index-no-eval");
  cpSync(realpathSync(dirname(dirname(entry))), join(modules, "cbor-x"), { recursive: true });
  const dependencies = { "cbor-x": "*", "cbor-extract": "*" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
  writeFileSync(
    join(modules, "cbor-extract", "package.json"),
    JSON.stringify({ name: "cbor-extract", version: "2.2.2" }),
  );
  writeFileSync(join(modules, "cbor-extract", "index.js"), "process.exit(66);");
  writeFileSync(join(folder, "probe.ts"), PROBE);
  return folder;
}

describe("The codec beside an addon that ends the process", () => {
  const runtimes = {
    Deno: [process.execPath, "run", "-A", "--no-lock", "--node-modules-dir=manual"],
    "Node 24": NODE_24,
    Bun: BUN,
  };
  for (const [name, command] of Object.entries(runtimes)) {
    skippable(`does not load it on ${name}`, ONLY_ON_DENO, async () => {
      assert.equal(await run([...command, "probe.ts"], projectWithBrokenAddon()), "true\n");
    });
  }
});

describe("The modules of the codec", () => {
  skippable("are ours and one of cbor-x, which makes no code of texts", ONLY_ON_DENO, async () => {
    const { build, stop } = await import("esbuild");
    const { metafile, outputFiles } = await build({
      entryPoints: [join(ROOT, "src/cache/codec.ts")],
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
      metafile: true,
    });
    await stop();
    const foreign = Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"));
    assert.deepEqual(foreign.map((path) => basename(path)), ["index-no-eval.cjs"]);
    assert.doesNotMatch(outputFiles[0]?.text ?? "", /cbor-extract|new Function/);
  });
});
