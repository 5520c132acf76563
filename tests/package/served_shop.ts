import { LiveTable, MemTable, NoCache } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { type Handler, serve, type Served } from "../server/serve.ts";

/** Serves a shop for `networkShop`, its table at `/products` and `rest` at all other paths. */
export async function serveShop(rest: Handler = () => new Response(null, { status: 404 })): Promise<Served> {
  const rows = [["a", { name: "Bun", price: 2 }], ["b", { name: "Tart", price: 5 }]] as const;
  const products = new LiveTable(new MemTable("products", { rows }), "products", new NoCache());
  const handler = tableHandler(products, { path: "/products", writable: true });
  const served = await serve((request) => {
    return new URL(request.url).pathname.startsWith("/products") ? handler(request) : rest(request);
  });
  return {
    url: served.url,
    async close() {
      await products.close();
      await served.close();
    },
  };
}
