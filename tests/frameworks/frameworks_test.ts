import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type LiveSnapshot, RejectedError, type Rows } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { bundle } from "../browser/bundle.ts";
import { newPath } from "../conformance/temp_folder.ts";
import { fixture } from "../live/fixture.ts";
import { HARNESSES, type Show } from "./harnesses.ts";

const TESTS = fileURLToPath(new URL("../", import.meta.url));
const DOCUMENT = readFileSync(new URL("../../docs/watching.md", import.meta.url), "utf8");

/** What the document shows for each library. */
const FUNCTIONS = new Map(
  Array.from(
    DOCUMENT.matchAll(/^### ([\w-]+)\n+```ts ignore\n(.*?)^```$/gms),
    ([, name = "", code = ""]) => [name, code],
  ),
);

const made = new Map<string, Promise<Show>>();

/** The function of the document, as a component of the library would use it. Bundlers take the build for browsers. */
function showWith(name: string): Promise<Show> {
  const making = made.get(name) ?? make(name);
  made.set(name, making);
  return making;
}

async function make(name: string): Promise<Show> {
  const contents = `${FUNCTIONS.get(name)}\n${HARNESSES[name]}`;
  const [code = ""] = (await bundle({ stdin: { contents, resolveDir: TESTS } })).values();
  const file = `${newPath(name)}.mjs`;
  writeFileSync(file, code);
  const { show } = await import(pathToFileURL(file).href);
  return show;
}

/** What a component has shown: each snapshot once. */
interface Seen {
  readonly snapshots: readonly LiveSnapshot[];
  readonly last: LiveSnapshot | undefined;
  readonly end: () => void;
}

function see(show: Show, handle: object): Seen {
  const snapshots: LiveSnapshot[] = [];
  const end = show(handle, (snapshot) => {
    if (snapshots.at(-1) !== snapshot) snapshots.push(snapshot as LiveSnapshot); // What the store shows.
  });
  return {
    snapshots,
    end,
    get last() {
      return snapshots.at(-1);
    },
  };
}

function pricesIn(rows: Rows | undefined): string {
  return Array.from(rows?.values() ?? [], ({ price }) => price).join();
}

const CASES: Readonly<Record<string, (show: Show) => Promise<void>>> = {
  "shows rows, and each change once": async (show) => {
    const { table, master } = fixture();
    const seen = see(show, table);
    assert.equal(seen.snapshots[0]?.status, "pending");
    await settle();
    await table.patchValue("a", { price: 9 });
    await settle();
    const shown = seen.snapshots.map(({ rows }) => pricesIn(rows));
    assert.deepEqual(shown.filter((prices, index) => prices !== shown[index - 1]), ["", "2,1,5", "9,1,5"]);
    assert.equal(master.plan.count("listValues"), 1);
    seen.end();
    await table.close();
  },

  "keeps the objects of rows that did not change": async (show) => {
    const { table } = fixture();
    const seen = see(show, table);
    await settle();
    const before = seen.last?.rows;
    await table.patchValue("a", { price: 9 });
    await settle();
    assert.notEqual(seen.last?.rows, before);
    assert.equal(seen.last?.rows?.get("b"), before?.get("b"));
    seen.end();
    await table.close();
  },

  "shares one read with another component": async (show) => {
    const { table, master } = fixture();
    const both = [see(show, table.orderBy("price")), see(show, table.orderBy("price"))];
    await settle();
    for (const { last, end } of both) {
      assert.equal(pricesIn(last?.rows), "1,2,5");
      end();
    }
    assert.equal(master.plan.count("listValues"), 1);
    await table.close();
  },

  "shows what reading failed with, beside the rows": async (show) => {
    const { table, master } = fixture();
    const seen = see(show, table);
    await settle();
    master.plan.fail("listValues", new RejectedError("no"));
    await table.invalidate();
    await settle();
    assert.deepEqual([seen.last?.status, pricesIn(seen.last?.rows)], ["error", "2,1,5"]);
    seen.end();
    await table.close();
  },

  "leaves nothing behind": async (show) => {
    const { table, master, clock } = fixture();
    const seen = see(show, table);
    await settle();
    seen.end();
    await settle();
    await clock.advance(60);
    assert.equal(clock.waiting, 0);
    const { length } = seen.snapshots;
    await table.invalidate();
    await settle();
    assert.deepEqual([master.plan.count("listValues"), seen.snapshots.length], [1, length]);
    await table.close();
  },
};

describe("docs/watching.md", () => {
  it("has a function for each library that is tested", () => {
    assert.deepEqual([...FUNCTIONS.keys()], Object.keys(HARNESSES));
  });

  for (const name of Object.keys(HARNESSES)) {
    for (const [what, run] of Object.entries(CASES)) {
      it(`with ${name}, ${what}`, async () => await run(await showWith(name)));
    }
  }
});
