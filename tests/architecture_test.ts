import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));

const DESIGN = readFileSync(join(ROOT, "DESIGN.md"), "utf8");
const PICTURE = DESIGN.slice(DESIGN.indexOf("## The picture of src"), DESIGN.indexOf("## Decisions"));

/** What a folder of src may import besides itself, as the picture says. */
const MAY_IMPORT = new Map(
  Array.from(
    PICTURE.matchAll(/^src\/(\w+)\/ +←(.*?) {2}/gm),
    ([, folder = "", names = ""]) => [folder, names.match(/\w+/g) ?? []],
  ),
);

/**
 * A Durable Object's storage is SQLite, so its cache keeps rows as that of SQLite does. Queries of PostgreSQL are written
 * where those for other databases are. SurrealQL has operands that no database can hold in common with SQL.
 */
const OTHER_DRIVERS: Readonly<Record<string, readonly string[]>> = {
  durable_object: ["sqlite"],
  postgres: ["sql"],
  surrealdb: ["sql"],
};

/** The only files that import anything from outside, and what. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "src/cache/codec.ts": ["cbor-x/index-no-eval"],
  "src/drivers/otel/otel_tracer.ts": ["@opentelemetry/api"],
  "src/drivers/rest/sse_connection.ts": ["eventsource-parser"],
  "src/react/use_deferred_rows.ts": ["react"],
  "src/react/use_row.ts": ["react"],
  "src/react/use_rows.ts": ["react"],
  "src/react/use_window.ts": ["react"],
  "src/react/use_writes.ts": ["react"],
  "src/drivers/sqlite/sqlite_cache_file.ts": ["node:fs", "node:path"],
  "src/drivers/sqlite/sqlite_outbox_file.ts": ["node:fs", "node:path"],
  "src/drivers/sqlite/sqlite_handle.ts": ["node:sqlite", "node:fs/promises"],
};

const { exports: ENTRIES } = manifest("deno.json");

function manifest(name: string): { readonly exports: Record<string, string>; readonly version: string } {
  return JSON.parse(readFileSync(join(ROOT, name), "utf8"));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll(/^\s*\*.*$/gm, "");
  return [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function folderOf(file: string): string {
  return file.split(/[\\/]/)[1] ?? "";
}

function driverOf(file: string): string {
  return file.split(/[\\/]/)[2] ?? "";
}

function local(file: string): string[] {
  return importsOf(file).filter((name) => name.startsWith(".")).map((name) =>
    relative(ROOT, resolve(ROOT, dirname(file), name))
  );
}

describe("The picture of src in DESIGN.md", () => {
  it("has every folder", () => {
    assert.deepEqual([...MAY_IMPORT.keys()].sort(), [...new Set(SOURCES.map(folderOf))].sort());
  });

  it("has what a folder may import above it, so that no imports go in a circle", () => {
    const above = new Set<string>();
    for (const [folder, names] of MAY_IMPORT) {
      for (const name of names) assert(above.has(name), `${folder} may import ${name}, which is not above it`);
      above.add(folder);
    }
  });

  it("imports point one way", () => {
    for (const file of SOURCES) {
      const allowed = [folderOf(file), ...MAY_IMPORT.get(folderOf(file)) ?? []];
      for (const target of local(file)) assert(allowed.includes(folderOf(target)), `${file} imports ${target}`);
    }
  });

  it("a driver imports no other driver", () => {
    for (const file of SOURCES.filter((file) => folderOf(file) === "drivers")) {
      const allowed = [driverOf(file), ...OTHER_DRIVERS[driverOf(file)] ?? []];
      for (const target of local(file).filter((target) => folderOf(target) === "drivers")) {
        assert(allowed.includes(driverOf(target)), `${file} imports ${target}`);
      }
    }
  });

  it("each driver is one entry", () => {
    const drivers = new Set(SOURCES.filter((file) => folderOf(file) === "drivers").map(driverOf));
    const entries = Object.values(ENTRIES).filter((file) => file.startsWith("./src/drivers/")).map((file) =>
      driverOf(file.slice(2))
    );
    assert.deepEqual(entries.sort(), [...drivers].sort());
  });

  it("nothing but the files that say so imports anything from outside", () => {
    for (const file of SOURCES) {
      const outside = importsOf(file).filter((name) => !name.startsWith("."));
      assert.deepEqual(outside.filter((name) => !(OUTSIDE[file] ?? []).includes(name)), [], file);
    }
  });

  it("mod.ts reaches no other entry and nothing from outside: the core has no dependency", () => {
    const others = Object.values(ENTRIES).map((file) => file.slice(2)).filter((file) => file !== "mod.ts");
    const reached = new Set<string>(["mod.ts"]);
    for (const file of reached) for (const target of local(file)) reached.add(target);
    for (const file of reached) {
      assert(!others.includes(file) && folderOf(file) !== "drivers", `mod.ts reaches ${file}`);
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
    const [deno, node] = [manifest("deno.json"), manifest("package.json")];
    assert.deepEqual(deno.exports, node.exports);
    assert.equal(deno.version, node.version);
    for (const target of Object.values(deno.exports)) readFileSync(join(ROOT, target));
  });
});
