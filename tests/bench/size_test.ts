import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { bundleSize } from "../../bench/bundle_size.ts";

/** How much a module adds to a bundle of the core, minified and gzipped, in bytes. */
async function added(module: string): Promise<number> {
  const core = 'export * from "../mod.ts";';
  const [alone, both] = [await bundleSize(core), await bundleSize(`${core}export * from "../src/${module}";`)];
  return both.gzipped - alone.gzipped;
}

describe("The size of entries, besides the core", () => {
  it("/react is at most 1.5 kB, and /hydration at most 1 kB", async () => {
    assert(await added("react/mod.ts") <= 1_500);
    assert(await added("hydration/hydration.ts") <= 1_000);
  });
});
