import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { EXPECTED_STEPS } from "../package/consumer/first_steps.ts";
import { serveShop } from "../package/served_shop.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { NO_BROWSER, visit } from "./chromium.ts";
import { NO_FIREFOX, openFirefox } from "./firefox.ts";
import { seenIn } from "./tabs.ts";
import { NO_WEBKIT, openWebkit } from "./webkit.ts";

const PAGE = '<!DOCTYPE html><title>First steps</title><body><script type="module" src="/page.js"></script>';

/** Nothing but the shop's own scripts and data: no inline script, no eval. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

describe("The library in a browser", () => {
  const engines = [
    ["Chromium", NO_BROWSER, seenInChromium],
    ["Firefox", NO_FIREFOX, (url: string) => seenIn(openFirefox, url)],
    ["WebKit", NO_WEBKIT, (url: string) => seenIn(openWebkit, url)],
  ] as const;
  for (const [engine, reason, seenIn] of engines) {
    skippable(
      `does a miss, a hit, a write and an event in ${engine} under a strict Content-Security-Policy`,
      reason,
      async () => {
        const files = await bundle({ entryPoints: [fileURLToPath(new URL("./page.ts", import.meta.url))] });
        const shop = await serveShop((request) => {
          const script = files.get(new URL(request.url).pathname);
          if (script !== undefined) return new Response(script, { headers: { "content-type": "text/javascript" } });
          return new Response(PAGE, { headers: { "content-type": "text/html", "content-security-policy": POLICY } });
        });
        try {
          assert.deepEqual(JSON.parse(String(await seenIn(shop.url))), {
            canEvaluate: false,
            memory: EXPECTED_STEPS,
            network: EXPECTED_STEPS,
            misnamed: false,
          });
        } finally {
          await shop.close();
        }
      },
    );
  }
});

async function seenInChromium(url: string): Promise<unknown> {
  return (await visit(url, 1))[0];
}
