import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));

/** What a folder of src may import besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  table: ["base"],
  clock: ["base"],
  sqlite: ["base", "table"],
  trace: ["base", "table", "clock"],
  cache: ["base", "table", "trace", "sqlite"],
  queue: ["base", "table", "trace", "clock"],
  wire: ["base", "table"],
  stream: ["base", "table", "trace", "clock", "wire"],
  adapters: ["base", "table", "trace", "clock", "sqlite", "wire"],
  server: ["base", "table", "stream", "trace", "clock", "wire"],
  live: ["base", "table", "cache", "queue", "stream", "trace", "clock"],
  testing: ["base", "table", "cache", "stream", "clock"],
};

/** Files with an entry of their own in deno.json, and what only they may import from outside. */
const ENTRIES: Record<string, readonly string[]> = {
  "src/cache/sqlite_cache.ts": [],
  "src/cache/deno_kv_cache.ts": [],
  "src/cache/durable_object_cache.ts": [],
  "src/cache/sqlite_cache_file.ts": ["node:fs", "node:path"],
  "src/cache/codec.ts": ["cbor-x/index-no-eval"],
  "src/adapters/sqlite_table.ts": [],
  "src/adapters/rest_table.ts": [],
  "src/server/table_handler.ts": [],
  "src/stream/sse_live_stream.ts": [],
  "src/stream/sse_connection.ts": ["eventsource-parser"],
  "src/sqlite/sqlite_handle.ts": ["node:sqlite", "node:fs/promises"],
  "src/trace/otel_tracer.ts": ["@opentelemetry/api"],
  "src/testing/mod.ts": [],
};

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll(/^\s*\*.*$/gm, "");
  return [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function folderOf(file: string): string {
  return file.split(/[\\/]/)[1] ?? "";
}

function local(file: string): string[] {
  return importsOf(file).filter((name) => name.startsWith(".")).map((name) =>
    relative(ROOT, resolve(ROOT, dirname(file), name))
  );
}

describe("The picture of src in DESIGN.md", () => {
  it("imports point one way", () => {
    for (const file of SOURCES) {
      const allowed = [folderOf(file), ...MAY_IMPORT[folderOf(file)] ?? []];
      for (const target of local(file)) assert(allowed.includes(folderOf(target)), `${file} imports ${target}`);
    }
  });

  it("nothing but the entries that say so imports anything from outside", () => {
    for (const file of SOURCES) {
      const outside = importsOf(file).filter((name) => !name.startsWith("."));
      assert.deepEqual(outside.filter((name) => !(ENTRIES[file] ?? []).includes(name)), [], file);
    }
  });

  it("mod.ts reaches no adapter: the core has no dependency", () => {
    const reached = new Set<string>(["mod.ts"]);
    for (const file of reached) for (const target of local(file)) reached.add(target);
    for (const file of reached) {
      assert(!(file in ENTRIES), `mod.ts reaches ${file}`);
      assert.deepEqual(importsOf(file).filter((name) => !name.startsWith(".")), [], file);
    }
  });

  it("time and chance come from the clock alone", () => {
    for (const file of SOURCES.filter((name) => !name.includes("clock"))) {
      const text = readFileSync(join(ROOT, file), "utf8");
      assert.doesNotMatch(text, /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval)\b/, file);
    }
  });

  it("deno.json and package.json offer the same entries, and each is a file", () => {
    const read = (name: string): { exports: Record<string, string>; version: string } =>
      JSON.parse(readFileSync(join(ROOT, name), "utf8"));
    const [deno, node] = [read("deno.json"), read("package.json")];
    assert.deepEqual(deno.exports, node.exports);
    assert.equal(deno.version, node.version);
    for (const target of Object.values(deno.exports)) readFileSync(join(ROOT, target));
  });
});
