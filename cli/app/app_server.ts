import type { PageFile } from "./app_bundle.ts";
import { Network, type Weather } from "./network.ts";
import type { ShopProcess } from "./shop_process.ts";

const LOCAL_NAMES: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** The page runs its own files alone, and talks to its own server alone. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** The page, the tables behind a network that can be made worse, and what the page's controls do. */
export class AppServer {
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #shop: ShopProcess;
  readonly #network: Network;

  constructor(files: ReadonlyMap<string, PageFile>, shop: ShopProcess) {
    this.#files = files;
    this.#shop = shop;
    this.#network = new Network((request) => shop.answer(request));
  }

  async answer(request: Request): Promise<Response> {
    if (!isOfThisPage(request)) return new Response("Use the address of this machine", { status: 403 });
    const { pathname } = new URL(request.url);
    const file = this.#files.get(pathname);
    if (file !== undefined) return new Response(file.text, { headers: { ...HEADERS, "content-type": file.type } });
    if (pathname.startsWith("/products")) return await this.#network.send(request);
    if (pathname.startsWith("/demo")) return await this.#control(request, pathname);
    return new Response("There is no such page", { status: 404, headers: HEADERS });
  }

  async #control(request: Request, pathname: string): Promise<Response> {
    if (request.method === "GET" && pathname === "/demo") return this.#state();
    if (request.method !== "POST") return new Response("Use POST", { status: 405 });
    switch (pathname) {
      case "/demo/weather":
        this.#network.weather = weatherIn(await request.json());
        break;
      case "/demo/kill":
        await this.#shop.kill();
        break;
      case "/demo/start":
        await this.#shop.start();
        break;
      case "/demo/edit":
        return await this.#edit(request);
      default:
        return new Response("There is no such control", { status: 404 });
    }
    return this.#state();
  }

  /** What somebody else does goes past the network of this page. */
  async #edit(request: Request): Promise<Response> {
    const { id, row } = await request.json();
    const url = new URL(`/products/row?id=${encodeURIComponent(String(id))}`, request.url);
    const headers = { "content-type": "application/json" };
    const edit = new Request(url, { method: "PATCH", headers, body: JSON.stringify({ row }) });
    return await this.#shop.answer(edit).catch(() => new Response("The server does not run", { status: 504 }));
  }

  #state(): Response {
    const { weather, passed } = this.#network;
    return Response.json({ ...weather, isRunning: this.#shop.isRunning, passed });
  }
}

function weatherIn({ latencyMs, failPercent }: { readonly [name: string]: unknown }): Weather {
  return { latencyMs: within(latencyMs, 10_000), failPercent: within(failPercent, 100) };
}

function within(value: unknown, max: number): number {
  return Math.min(max, Math.max(0, Number(value) || 0));
}

/** Refuses pages of others: browsers send their domain as the host or the origin. */
function isOfThisPage({ url, headers }: Request): boolean {
  const { hostname, origin } = new URL(url);
  return LOCAL_NAMES.includes(hostname) && (headers.get("origin") ?? origin) === origin;
}
