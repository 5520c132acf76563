import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LiveTable, MemTable, NoCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { serve, type Served } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { NO_BROWSER, openPage, type PageLines } from "./chromium.ts";
import { OpenStreams } from "./open_streams.ts";

/** A shop of many tables over HTTP/1.1, which sees how many streams of events are open. */
interface Shop extends Served {
  /** Resolves when so many are. */
  streams(count: number): Promise<void>;
  /** How many there were in all. */
  readonly opened: number;
}

async function openShop(count: number): Promise<Shop> {
  const script = fileURLToPath(new URL("./many_tables_page.ts", import.meta.url));
  const [code] = (await bundle({ entryPoints: [script] })).values();
  const tables = Object.fromEntries(Array.from({ length: count }, (_, n) => {
    const master = new MemTable(`table${n}`, { rows: [["a", { price: 2 }]] });
    return [`table${n}`, new LiveTable(master, `table${n}`, new NoCache())];
  }));
  const handler = tableHandler(tables, { path: "/shop", writable: true });
  const streams = new OpenStreams();
  const served = await serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/shop/events") return streams.add(await handler(request));
    if (pathname.startsWith("/shop/")) return await handler(request);
    if (pathname === "/page.js") return new Response(code, { headers: { "content-type": "text/javascript" } });
    const script = pathname === "/page" ? '<script type="module" src="/page.js"></script>' : "";
    return new Response(`<!DOCTYPE html><link rel="icon" href="data:,">${script}`, {
      headers: { "content-type": "text/html" },
    });
  });
  return {
    url: served.url,
    get opened() {
      return streams.opened;
    },
    streams: (count) => streams.are(count),
    close: async () => {
      await handler.close();
      await served.close();
    },
  };
}

async function until(lines: PageLines, wanted: string): Promise<void> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) if (next.value === wanted) return;
  throw new Error(`The page did not say ${wanted}`);
}

describe("Many live tables in a browser over HTTP/1.1", () => {
  for (const count of [7, 70]) {
    skippable(
      `${count} of them hear what happens, over one connection, which ends with their page`,
      NO_BROWSER,
      async () => {
        const shop = await openShop(count);
        await openPage(async (page, lines) => {
          await page.goto(`${shop.url}/page?tables=${count}`);
          await until(lines, `heard ${count}`);
          await shop.streams(1);
          assert.equal(shop.opened, 1);
          await page.goto(`${shop.url}/elsewhere`);
          await shop.streams(0);
          await page.goto(`${shop.url}/page?tables=${count}`);
          await shop.streams(1);
        });
        await shop.streams(0);
        await shop.close();
      },
    );
  }

  skippable(
    "a page that is put aside has no connection, and makes one when it is shown again",
    NO_BROWSER,
    async () => {
      const shop = await openShop(1);
      await openPage(async (page, lines) => {
        await page.goto(`${shop.url}/page?tables=1`);
        await until(lines, "heard 1");
        await page.goto(`${shop.url}/elsewhere`);
        await shop.streams(0);
        // A page that was kept is not loaded again.
        await page.goBack({ waitUntil: "commit" });
        await until(lines, "shown again");
        await until(lines, "live");
        await shop.streams(1);
        assert.equal(shop.opened, 2);
      });
      await shop.close();
    },
  );
});
