import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundle } from "../browser/bundle.ts";
import { NO_BROWSER, visit } from "../browser/chromium.ts";
import { NO_FIREFOX, openFirefox } from "../browser/firefox.ts";
import { seenIn } from "../browser/tabs.ts";
import { NO_WEBKIT, openWebkit } from "../browser/webkit.ts";
import { serve } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { REACT_VERSIONS } from "./react_versions.ts";

const PAGE = '<!DOCTYPE html><title>React</title><body><script type="module" src="/page.js"></script>';

describe("The hooks for React", () => {
  const engines = [
    ["Chromium", NO_BROWSER, seenInChromium],
    ["Firefox", NO_FIREFOX, (url: string) => seenIn(openFirefox, url)],
    ["WebKit", NO_WEBKIT, (url: string) => seenIn(openWebkit, url)],
  ] as const;
  for (const [engine, reason, visited] of engines) {
    for (const [react, alias] of Object.entries(REACT_VERSIONS)) {
      skippable(`do what each case says in ${engine}, with React ${react}`, reason, async () => {
        const page = fileURLToPath(new URL("./page.ts", import.meta.url));
        const files = await bundle({ entryPoints: [page], alias });
        const served = await serve((request) => {
          const script = files.get(new URL(request.url).pathname);
          const type = script === undefined ? "text/html" : "text/javascript";
          return new Response(script ?? PAGE, { headers: { "content-type": type } });
        });
        try {
          const { passed, ...seen } = JSON.parse(String(await visited(served.url)));
          assert.deepEqual(seen, { react, failed: [] });
          assert(passed > 30, `only ${passed} cases ran`);
        } finally {
          await served.close();
        }
      });
    }
  }
});

async function seenInChromium(url: string): Promise<unknown> {
  return (await visit(url, 1))[0];
}
