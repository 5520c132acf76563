import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { EXPECTED_STEPS } from "../package/consumer/first_steps.ts";
import { serveShop } from "../package/served_shop.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { NO_BROWSER, visit } from "./chromium.ts";

const PAGE = '<!DOCTYPE html><title>First steps</title><body><script type="module" src="/page.js"></script>';

/** Nothing but the shop's own scripts and data: no inline script, no eval. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

describe("The library in a browser", () => {
  skippable("does a miss, a hit, a write and an event under a strict Content-Security-Policy", NO_BROWSER, async () => {
    const files = await bundle({ entryPoints: [fileURLToPath(new URL("./page.ts", import.meta.url))] });
    const shop = await serveShop((request) => {
      const script = files.get(new URL(request.url).pathname);
      if (script !== undefined) return new Response(script, { headers: { "content-type": "text/javascript" } });
      return new Response(PAGE, { headers: { "content-type": "text/html", "content-security-policy": POLICY } });
    });
    try {
      const [seen = ""] = await visit(shop.url, 1);
      assert.deepEqual(JSON.parse(seen), { canEvaluate: false, memory: EXPECTED_STEPS, network: EXPECTED_STEPS });
    } finally {
      await shop.close();
    }
  });
});
