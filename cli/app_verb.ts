import { join } from "node:path";
import { bundleApp } from "./app/app_bundle.ts";
import { AppServer } from "./app/app_server.ts";
import { ShopProcess } from "./app/shop_process.ts";
import type { Arguments } from "./args.ts";
import { SMALL_BAKERY } from "./bakery.ts";
import { serveHttp } from "./http_server.ts";
import { Interruption } from "./interruption.ts";
import { paint } from "./output.ts";
import { DEMO_FOLDER, makeDemoFolder } from "./places.ts";
import { progressBar } from "./progress_bar.ts";
import { openDatabase, seedBakery } from "./seeding.ts";
import { type Answer, COMMON_FLAGS, type Context, type Verb } from "./verb.ts";

const DEFAULT_PORT = 8738;
const MAX_PORT = 65_535;
const PRODUCTS = 100_000;

export const appVerb: Verb = {
  name: "app",
  words: [],
  summary: "serve a page with 100 000 rows to scroll, search, sort and edit, until Ctrl-C",
  details: [
    "The page can make its network slow, lose requests, go offline, and kill its server: docs/app.md says what to try.",
    "Installs React, a virtual list and esbuild from npm when it is run for the first time.",
  ],
  flags: [
    { name: "port", value: "<n>", help: `the port; 0 is any free one; default ${DEFAULT_PORT}` },
    { name: "until-stdin-ends", help: "end when standard input does, for use as a child process" },
    ...COMMON_FLAGS,
  ],
  run: serveApp,
};

async function serveApp(args: Arguments, { out }: Context): Promise<Answer> {
  const port = args.whole("port", { min: 0, max: MAX_PORT }) ?? DEFAULT_PORT;
  const path = join(DEMO_FOLDER, "app.sqlite");
  makeDemoFolder([path]);
  const size = { ...SMALL_BAKERY, products: PRODUCTS };
  await seedBakery(path, { size, onlyIfMissing: true, onProgress: progressBar(out) });
  addIndexes(path);
  using interruption = new Interruption({ withStdin: args.has("until-stdin-ends") });
  const files = await bundleApp();
  await using shop = new ShopProcess(path);
  await shop.start();
  const app = new AppServer(files, shop);
  await using server = await serveHttp((request) => app.answer(request), port);
  out.record({ event: "serving", url: server.url });
  out.line(paint("bold", "serving "), server.url);
  out.line("Open it in a browser; Ctrl-C ends it");
  await new Promise<void>((resolve) => interruption.signal.addEventListener("abort", () => resolve(), { once: true }));
  return {};
}

/** With an index for each order, a page in the middle is read as fast as the first. */
function addIndexes(path: string): void {
  using db = openDatabase(path);
  for (const column of ["name", "price", "in_stock"]) {
    db.exec(`CREATE INDEX IF NOT EXISTS products_by_${column} ON products (${column})`);
    db.exec(`CREATE INDEX IF NOT EXISTS products_by_${column}_down ON products (${column} DESC)`);
  }
}
