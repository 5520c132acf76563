import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare, Response as WorkerdResponse } from "miniflare";
import type { Page } from "playwright-core";
import { bundle } from "../browser/bundle.ts";
import { NO_BROWSER, visit } from "../browser/chromium.ts";
import { skippable } from "../skippable.ts";
import { docSnippets, type Snippet } from "./doc_snippets.ts";
import { ENTRY_NAMES, installPackage } from "./installed.ts";
import { BUN, NODE_20, NODE_22, NODE_24, ONLY_ON_DENO, run } from "./runtimes.ts";
import { serveShop } from "./served_shop.ts";

/** Where the page in the documents imports the package from. */
const CDN = "https://esm.sh/jsr/";

let made: Promise<string> | undefined;

/** A project that has the package, as it would come from npm. */
function project(): Promise<string> {
  return made ??= installPackage();
}

/** Runs a snippet as a file of its own, in a folder of its own. */
async function runFile(command: readonly string[], { file, line, code, prints }: Snippet): Promise<void> {
  const folder = join(await project(), `${command.at(-1)}-${file.replace("/", "-")}-${line}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "snippet.mjs"), code);
  const printed = await run([...command, "snippet.mjs"], folder);
  assert.deepEqual(printed.trimEnd().split("\n"), prints);
}

/** Opens a snippet as a page; what it imports from the CDN comes from the installed package. */
async function runPage({ code, prints }: Snippet): Promise<void> {
  const names = ENTRY_NAMES.filter((name) => code.includes(`"${CDN}${name}"`));
  const entryPoints = Object.fromEntries(names.map((name) => [`jsr/${name}`, name]));
  const files = await bundle({ entryPoints, absWorkingDir: await project() });
  const shop = await serveShop(() => new Response(code, { headers: { "content-type": "text/html" } }));
  try {
    const printed = await visit(shop.url, prints.length, (page) => serveCdn(page, files));
    assert.deepEqual(printed, prints);
  } finally {
    await shop.close();
  }
}

/** Answers what a page asks of the CDN. */
function serveCdn(page: Page, files: ReadonlyMap<string, string>): Promise<unknown> {
  return page.route("https://esm.sh/**", (route) => {
    const { pathname } = new URL(route.request().url());
    const body = files.get(pathname) ?? files.get(`${pathname}.js`);
    const headers = { "content-type": "text/javascript", "access-control-allow-origin": "*" };
    return body === undefined ? route.abort() : route.fulfill({ body, headers });
  });
}

/** Bundles a snippet as a worker before a REST resource, and asks it for its rows twice: the second time from its cache. */
async function runWorker({ code }: Snippet): Promise<void> {
  const files = await bundle({ stdin: { contents: code, resolveDir: await project() } });
  let masterReads = 0;
  const miniflare = new Miniflare({
    modules: true,
    script: files.get("/stdin.js") ?? "",
    compatibilityDate: "2026-07-30",
    cf: false, // else a description of the request's place would be downloaded
    outboundService: () => {
      masterReads++;
      return WorkerdResponse.json([{ id: "a", name: "Bun" }]);
    },
  });
  try {
    for (const _time of ["a miss", "a hit"]) {
      const response = await miniflare.dispatchFetch("https://worker.example/products/rows");
      assert.deepEqual(await response.json(), { rows: [["a", { id: "a", name: "Bun" }]] });
    }
    assert.equal(masterReads, 1);
  } finally {
    await miniflare.dispose();
  }
}

const RUNNERS: Readonly<Record<string, (snippet: Snippet) => Promise<void>>> = {
  "node 20": (snippet) => runFile(NODE_20, snippet),
  "node 22": (snippet) => runFile(NODE_22, snippet),
  "node 24": (snippet) => runFile(NODE_24, snippet),
  bun: (snippet) => runFile(BUN, snippet),
  browser: runPage,
  worker: runWorker,
};

describe("The documents", () => {
  const snippets = docSnippets();

  it("have a snippet for each runtime", () => {
    const named = new Set(snippets.flatMap(({ runsOn }) => runsOn));
    assert.deepEqual([...named].sort(), Object.keys(RUNNERS).sort());
  });

  for (const snippet of snippets) {
    for (const name of snippet.runsOn) {
      const reason = ONLY_ON_DENO ?? (name === "browser" ? NO_BROWSER : undefined);
      skippable(`show in ${snippet.file}:${snippet.line} what runs on ${name}`, reason, async () => {
        const runner = RUNNERS[name];
        assert(runner, `nothing here runs on ${name}`);
        await runner(snippet);
      });
    }
  }
});
