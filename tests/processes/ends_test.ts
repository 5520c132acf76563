import { describe } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { BUN, NODE_24, run } from "../package/runtimes.ts";
import { skippable } from "../skippable.ts";

const CHILD = fileURLToPath(new URL("./ends_child.ts", import.meta.url));

const RUNTIMES = [
  { name: "Deno", command: [process.execPath, "run", "-A", "--no-check"] },
  { name: "Node", command: NODE_24 },
  { name: "Bun", command: BUN },
];

/** What the child does; each of its cases can be given by name, to see which one holds it up. */
const CASES = ["all of these", "all of it, closed"];

describe("A process", () => {
  for (const { name, command } of RUNTIMES) {
    skippable(
      `that is done exits by itself on ${name}, with code 0, whatever a LiveTable waits for`,
      "Deno" in globalThis ? undefined : "the runtimes are compared once, on Deno",
      async () => {
        // A command that does not end is killed after two minutes, which is less than any wait here that would hold it up.
        const printed = await Promise.all(CASES.map((what) => run([...command, CHILD, what], process.cwd())));
        for (const text of printed) assert.match(text, /done/);
      },
    );

    skippable(
      `learns on ${name} of what a handler throws that was given a write within a write`,
      "Deno" in globalThis ? undefined : "the runtimes are compared once, on Deno",
      async () => {
        assert.match(await run([...command, CHILD, "a handler that throws"], process.cwd()), /unhandled: Error: away/);
      },
    );
  }
});
