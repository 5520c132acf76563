import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LiveTable, MemCache, MemTable, type Row, type TableLike } from "@vantage/live";
import { dehydrate, hydrate } from "@vantage/live/hydration";
import { FaultyTable } from "@vantage/live/testing";
import { bundle } from "../browser/bundle.ts";
import { NO_BROWSER, visit } from "../browser/chromium.ts";
import { NO_FIREFOX, openFirefox } from "../browser/firefox.ts";
import { seenIn } from "../browser/tabs.ts";
import { NO_WEBKIT, openWebkit } from "../browser/webkit.ts";
import { newPath } from "../conformance/temp_folder.ts";
import { serve } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { REACT_VERSIONS } from "./react_versions.ts";
import type { Rendered } from "./server.ts";

/** A text that would break out of a page, of a script in it, or of a literal. */
const HOSTILE = "</script><script>document.title='broken'</script><!--<img src=x onerror=alert(1)>\u2028";

const ROWS: readonly [string, Row][] = [
  ["a", { name: HOSTILE, made: new Date(5), code: new Uint8Array([1, 2]), many: 5n }],
  ["b", { name: "Bun" }],
];

type Render = (master: TableLike) => Promise<Rendered>;
const made = new Map<string, Promise<Render>>();

/** A server with a version of React, bundled as for a worker. */
function rendererWith(react: string): Promise<Render> {
  const making = made.get(react) ?? make(react);
  made.set(react, making);
  return making;
}

async function make(react: string): Promise<Render> {
  const files = await bundle({ entryPoints: [sourceOf("server.ts")], alias: REACT_VERSIONS[react] ?? {} });
  const file = `${newPath("server")}.mjs`;
  writeFileSync(file, files.get("/server.js") ?? "");
  return (await import(pathToFileURL(file).href)).render;
}

function sourceOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The page as it is sent: what was rendered, and the rows of the browser's master. */
function pageOf({ html, state }: Rendered): string {
  const rows = JSON.stringify([["a", { name: HOSTILE }], ["b", { name: "Bun" }]]).replaceAll("<", "\\u003c");
  return `<!DOCTYPE html><title>React</title><link rel="icon" href="data:,"><body><div id="root">${html}</div>
    <script type="application/json" id="state">${state}</script>
    <script type="application/json" id="rows">${rows}</script>
    <script type="module" src="/hydrate_page.js"></script>`;
}

for (const react of Object.keys(REACT_VERSIONS)) {
  describe(`A server with React ${react}`, () => {
    it("renders rows, waits for those that are not there yet, and lets no text break out", async () => {
      const render = await rendererWith(react);
      const { html, state, errors } = await render(new MemTable("products", { rows: ROWS }));
      assert.deepEqual(errors, []);
      assert(html.includes("<li>Bun</li>"), html);
      assert(html.includes("2 rows, 2 deferred, 0 writes"), html);
      assert(!html.includes("<script>document.title") && !html.includes("<img"), html);
      assert(!/[<\u2028\u2029]/.test(state), state);
    });

    it("renders each request from a table of its own: no user is sent what another one sees", async () => {
      const render = await rendererWith(react);
      const users = ["Ann", "Ben", "Cid"];
      const pages = await Promise.all(
        users.map((name) => render(new MemTable("products", { rows: [["a", { name }]] }))),
      );
      for (const [index, { html, state }] of pages.entries()) {
        for (const name of users) {
          assert.equal(html.includes(name), name === users[index]);
          assert.equal(state.includes(name), name === users[index]);
        }
      }
    });

    it("leaves to the browser what it cannot read", async () => {
      const render = await rendererWith(react);
      const master = new FaultyTable(new MemTable("products", { rows: ROWS }));
      for (let times = 0; times < 9; times++) master.plan.fail("listValues", new Error("away"));
      const { html, errors } = await render(master);
      assert(html.includes("waiting"), html);
      assert(errors.length > 0 && errors.every((message) => message === "away"), errors.join());
    });

    const engines = [
      ["Chromium", NO_BROWSER, seenInChromium],
      ["Firefox", NO_FIREFOX, (url: string) => seenIn(openFirefox, url)],
      ["WebKit", NO_WEBKIT, (url: string) => seenIn(openWebkit, url)],
    ] as const;
    for (const [engine, reason, visited] of engines) {
      skippable(`is followed by ${engine} without a mismatch, and with its elements kept`, reason, async () => {
        const render = await rendererWith(react);
        const page = pageOf(await render(new MemTable("products", { rows: ROWS })));
        const files = await bundle({ entryPoints: [sourceOf("hydrate_page.ts")], alias: REACT_VERSIONS[react] ?? {} });
        const served = await serve((request) => {
          const script = files.get(new URL(request.url).pathname);
          const type = script === undefined ? "text/html; charset=utf-8" : "text/javascript";
          return new Response(script ?? page, { headers: { "content-type": type } });
        });
        try {
          const seen = JSON.parse(String(await visited(served.url)));
          assert.deepEqual(seen, { complaints: [], isSame: true, readsBefore: 0, title: "React" });
        } finally {
          await served.close();
        }
      });
    }
  });
}

async function seenInChromium(url: string): Promise<unknown> {
  return (await visit(url, 1))[0];
}

describe("dehydrate() and hydrate()", () => {
  const open = (cacheKey = "products"): LiveTable =>
    new LiveTable(new MemTable("products", { rows: ROWS }), cacheKey, new MemCache());

  it("carry all values that rows can have", async () => {
    await using server = open();
    await using browser = open();
    await server.observe().ready();
    hydrate(browser, dehydrate(server));
    assert.deepEqual(browser.observe().getSnapshot().rows?.get("a"), ROWS[0]?.[1]);
    assert.equal(browser.stats().masterReads, 0);
  });

  it("carry nothing of a table that nothing was shown of", async () => {
    await using server = open();
    assert.equal(dehydrate(server), "[]");
    await server.listValues();
    assert.equal(dehydrate(server), "[]");
  });

  it("refuse a text that is none, with one clear message, and one of another table", async () => {
    await using browser = open();
    const texts = [
      "",
      "{",
      "null",
      "5",
      '"a"',
      "[5]",
      "[[]]",
      '[["products/all",null,[]]]',
      '[["products/all",5,[[1,{}]]]]',
      '[["products/all",5,[["a",5]]]]',
    ];
    for (const text of [...texts, undefined as unknown as string]) {
      assert.throws(() => hydrate(browser, text), {
        name: "TypeError",
        message: "Cannot hydrate: the text is not what dehydrate() made",
      }, text);
    }
    await using other = open("orders");
    await other.observe().ready();
    assert.throws(() => hydrate(browser, dehydrate(other)), RangeError);
    assert.equal(browser.observe().getSnapshot().rows, undefined);
  });
});
