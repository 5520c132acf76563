import { describe, it } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { EXPECTED_STEPS } from "../package/consumer/first_steps.ts";
import { run } from "../package/runtimes.ts";

const CHILD = fileURLToPath(new URL("./older_engine_child.ts", import.meta.url));
const COMMAND = "Deno" in globalThis ? [process.execPath, "run", "-A", "--no-check"] : [process.execPath];

describe("What is closed by `await using`", () => {
  it("is closed by close() where the engine has no Symbol.asyncDispose, and no iteration of streams", async () => {
    const printed = await run([...COMMAND, CHILD], process.cwd());
    assert.deepEqual(JSON.parse(printed), {
      has: [],
      misnamed: [],
      disposable: [true, true],
      memory: EXPECTED_STEPS,
      network: EXPECTED_STEPS,
    });
  });

  it("is closed by the close() of a class that extends it", async () => {
    let closed = 0;
    class Products extends LiveTable {
      override close(): Promise<void> {
        closed++;
        return super.close();
      }
    }
    {
      await using _products = new Products(new MemTable("products"), "products", new MemCache());
    }
    assert.equal(closed, 1);
  });

  it("has the method on its prototype, once, and not among its own properties", () => {
    const products = new LiveTable(new MemTable("products"), "products", new MemCache());
    assert.equal(products[Symbol.asyncDispose], LiveTable.prototype[Symbol.asyncDispose]);
    assert(!Object.hasOwn(products, Symbol.asyncDispose));
    assert(!Object.keys(LiveTable.prototype).includes("undefined"));
  });
});
