import { describe } from "node:test";
import assert from "node:assert/strict";
import { build, stop } from "esbuild";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { skippable } from "../skippable.ts";
import { EXPECTED_STEPS } from "./consumer/first_steps.ts";
import { ENTRY_NAMES, installPackage, MANIFEST, ROOT } from "./installed.ts";
import { BUN, DENO, NODE_20, NODE_22, NODE_24, ONLY_ON_DENO, run } from "./runtimes.ts";
import { serveShop } from "./served_shop.ts";

const CONSUMER = fileURLToPath(new URL("./consumer/", import.meta.url));
const TYPES = fileURLToPath(new URL("../types/", import.meta.url));
/** What must compile, and what must not, in every project. */
const TYPE_TESTS: readonly string[] = ["rows", "odd_rows", "conditions", "tables", "generic_code"].map((name) =>
  `types/${name}.ts`
);
const TSC = join(ROOT, "tests/node_modules/typescript/lib/tsc.js");

/** What both projects ask of TypeScript, strictly, and in the package's own declarations, too. */
const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  target: "es2022",
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
};

let made: Promise<string> | undefined;

/** The folder of a project with the package and the consumer in it. */
function project(): Promise<string> {
  return made ??= (async () => {
    const folder = await installPackage();
    cpSync(CONSUMER, folder, { recursive: true });
    cpSync(TYPES, join(folder, "types"), { recursive: true });
    writeFileSync(join(folder, "empty.db"), "");
    const entries = ENTRY_NAMES.map((name, index) => `export * as entry${index} from "${name}";`);
    writeFileSync(join(folder, "entries.ts"), entries.join("\n"));
    return folder;
  })();
}

/** Compiles the project's files; `types` are those of its platform. */
async function compile(options: Readonly<Record<string, unknown>>, files: readonly string[]): Promise<void> {
  const folder = await project();
  const config = { compilerOptions: { ...COMPILER_OPTIONS, ...options }, files };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  await run([...NODE_24, TSC], folder);
}

let compiled: Promise<void> | undefined;

/** Compiles all for Node. */
function compileForNode(): Promise<void> {
  const node = { module: "nodenext", lib: ["es2023"], types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] };
  return compiled ??= compile(node, ["main.ts", "types.ts", "entries.ts", ...TYPE_TESTS]);
}

async function installed(): Promise<string> {
  return join(await project(), "node_modules/@vantage/live");
}

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => statSync(join(folder, name)).isFile()).map((name) => name.replaceAll("\\", "/")).sort();
}

describe("The npm package", () => {
  skippable(
    "has every module of src compiled, types, README, CHANGELOG and LICENSE, no more",
    ONLY_ON_DENO,
    async () => {
      const files = filesIn(await installed());
      const declarations = files.filter((name) => name.endsWith(".d.ts"));
      const modules = ["mod.ts", ...filesIn(join(ROOT, "src")).map((name) => `src/${name}`)];
      const expected = [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "package.json",
        ...modules.map((name) => name.replace(/ts$/, "js")),
      ];
      assert.deepEqual(files.filter((name) => !declarations.includes(name)), expected.sort());
      const typed = Object.values(MANIFEST.exports).map((name) => name.slice(2).replace(/ts$/, "d.ts"));
      assert.deepEqual(typed.filter((name) => !declarations.includes(name)), []);
      const strays = declarations.filter((name) => !files.includes(name.replace(/d\.ts$/, "js")));
      assert.deepEqual(strays, []);
    },
  );

  skippable("names its entries as deno.json does, and needs what package.json needs", ONLY_ON_DENO, async () => {
    const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
    const { name, version, type, license, exports, dependencies, ...rest } = read(
      join(await installed(), "package.json"),
    );
    assert.deepEqual([name, version, type, license], ["@vantage/live", MANIFEST.version, "module", "MIT"]);
    const entries = Object.entries(MANIFEST.exports).map(([entry, file]) => {
      const script = file.replace(/ts$/, "js");
      return [entry, { types: file.replace(/ts$/, "d.ts"), import: script, default: script }];
    });
    assert.deepEqual(exports, Object.fromEntries(entries));
    const { dependencies: needed, peerDependencies, peerDependenciesMeta } = read(join(ROOT, "package.json"));
    const ranges = Object.entries(needed ?? {}).map(([needed, range]) => {
      return [needed, `^${range}`];
    });
    assert.deepEqual(dependencies, Object.fromEntries(ranges));
    const peers = { peerDependencies, peerDependenciesMeta };
    assert.deepEqual(rest, { main: "./mod.js", types: "./mod.d.ts", ...peers, sideEffects: false });
  });

  skippable("lets a bundler leave out what is not imported", ONLY_ON_DENO, async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'export { MemCache } from "@vantage/live";', resolveDir: await project() },
      bundle: true,
      format: "esm",
      write: false,
    });
    await stop();
    assert.doesNotMatch(outputFiles[0]?.text ?? "", /class (Rows|TableError|LiveTable|Table)\b/);
  });

  skippable("names no path of the machine it was packed on, and brings no source maps", ONLY_ON_DENO, async () => {
    const folder = await installed();
    for (const name of filesIn(folder)) {
      const text = readFileSync(join(folder, name), "utf8");
      assert(!text.includes(ROOT) && !/file:\/\/|sourceMappingURL/.test(text), name);
    }
  });

  skippable("is typed for a strict Node project, every entry", ONLY_ON_DENO, compileForNode);

  skippable("is typed for a strict browser project with a bundler, every entry", ONLY_ON_DENO, async () => {
    const lib = ["es2022", "dom", "esnext.disposable"];
    const browser = { module: "esnext", moduleResolution: "bundler", lib, types: [], noEmit: true };
    const files = ["first_steps.ts", "mem_shop.ts", "network_shop.ts", "types.ts", "entries.ts"];
    await compile(browser, [...files, ...TYPE_TESTS]);
  });

  skippable(
    "is typed for a project that is strict and no more, where optional is the same as undefined",
    ONLY_ON_DENO,
    async () => {
      const lib = ["es2022", "dom", "esnext.disposable"];
      const loose = { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false, noEmit: true };
      await compile({ module: "esnext", moduleResolution: "bundler", lib, types: [], ...loose }, [
        "types.ts",
        ...TYPE_TESTS,
      ]);
    },
  );

  const runtimes = { "Node 20": NODE_20, "Node 22": NODE_22, "Node 24": NODE_24, Deno: DENO, Bun: BUN };
  for (const [runtime, command] of Object.entries(runtimes)) {
    skippable(`does a miss, a hit, a write and an event on ${runtime}`, ONLY_ON_DENO, async () => {
      await compileForNode();
      const hasSqlite = command !== NODE_20;
      const shop = await serveShop();
      const printed = await run([...command, "main.js", `${shop.url}/products`], await project()).finally(shop.close);
      assert.deepEqual(JSON.parse(printed), {
        memory: EXPECTED_STEPS,
        network: EXPECTED_STEPS,
        sqliteCache: hasSqlite ? 100 : "unsupported",
        sqliteTable: hasSqlite ? "not_found" : "unsupported", // there is a file, but no such table in it
      });
    });

    skippable(`can be imported on ${runtime}, every entry`, ONLY_ON_DENO, async () => {
      await compileForNode();
      await run([...command, "entries.js"], await project());
    });
  }
});
