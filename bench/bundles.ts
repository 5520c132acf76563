import { readFileSync } from "node:fs";
import { type BundleSize, bundleSize } from "./bundle_size.ts";
import { table } from "./tables.ts";

/** The measured sizes of a bundle. */
export interface Bundle extends BundleSize {
  readonly name: string;
  /** How much it adds to a bundle of the core, gzipped; `undefined` unless it is an entry other than the core. */
  readonly added?: number | undefined;
}

/** The minimum that a program needs. */
export const LEAST = "LiveTable, MemCache, defineTable";

const CORE = ".";

/** Parts of the core, each bundled alone. */
const PARTS = [LEAST, "LiveTable, MemCache", "defineTable", "MemTable"];

/** Libraries for comparison, each with all its exports. */
const PEERS = ["lru-cache", "swr", "@tanstack/query-core", "replicache", "@tanstack/db"];

const { exports: entries }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL("../deno.json", import.meta.url), "utf8"),
);

/** The sizes of all entries of the package, of parts of the core, and of other libraries. */
export async function measureBundles(): Promise<readonly Bundle[]> {
  const core = await bundleSize(all(fileOf(CORE)));
  const bundles: Bundle[] = [];
  for (const names of PARTS) {
    bundles.push({ name: names, ...await bundleSize(`export { ${names} } from "${fileOf(CORE)}";`) });
  }
  for (const entry of Object.keys(entries)) bundles.push(await measureEntry(entry, core));
  for (const name of PEERS) bundles.push({ name, ...await bundleSize(all(name)) });
  return bundles;
}

async function measureEntry(entry: string, core: BundleSize): Promise<Bundle> {
  const name = `@vantage/live${entry.slice(1)}`;
  if (entry === CORE) return { name, ...core };
  const both = await bundleSize(all(fileOf(CORE)) + all(fileOf(entry)));
  return { name, ...await bundleSize(all(fileOf(entry))), added: both.gzipped - core.gzipped };
}

function all(module: string): string {
  return `export * from "${module}";`;
}

function fileOf(entry: string): string {
  return `.${entries[entry] ?? ""}`;
}

/** All bundles as a table. */
export function bundleTable(bundles: readonly Bundle[]): string {
  return table(
    ["bundled by esbuild", "minified", "gzipped", "added to the core"],
    bundles.map(({ name, minified, gzipped, added }) => [name, bytes(minified), bytes(gzipped), bytes(added)]),
  );
}

function bytes(count: number | undefined): string {
  return count === undefined ? "" : `${count.toLocaleString("en")} bytes`;
}

if (import.meta.main) console.log(bundleTable(await measureBundles()));
