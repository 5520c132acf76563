import { fileURLToPath } from "node:url";
import { defineTable, LiveTable, NoCache, NotFoundError, type Row } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { serve, type Served } from "../server/serve.ts";
import { bundle } from "./bundle.ts";
import { OpenStreams } from "./open_streams.ts";

/** A shop that counts what it is asked, and a page that is a tab of it. */
export interface TabShop extends Served {
  /** Every price that was set, in order: `a=5`. */
  readonly applied: readonly string[];
  /** How many streams of events were opened. */
  readonly opened: number;
  /** Resolves once so many are. */
  streams(count: number): Promise<void>;
  /** The names of the tabs whose streams are open: the header `x-tab` of their requests. */
  readonly holders: readonly string[];
  /** Resolves with the name of a tab other than this one, once it has a stream. */
  heldByOther(name: string): Promise<string>;
  /** Resolves once so many prices were set. */
  applies(count: number): Promise<void>;
  /** Sets a price, as somebody else. */
  edit(id: string, price: number): Promise<void>;
  /** Whether the shop answers. */
  isOnline: boolean;
  /** Holds the answers to writes, once they are applied, until the returned function is called. */
  holdAnswers(): () => void;
}

const PAGE =
  '<!DOCTYPE html><title>Shop</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
const IDS = ["a", "b", "c", "d", "e", "f"];

/** Opens the shop. Its pages run a script of this folder. */
export async function openTabShop(page = "tab_page.ts"): Promise<TabShop> {
  const script = fileURLToPath(new URL(`./${page}`, import.meta.url));
  const [code] = (await bundle({ entryPoints: [script] })).values();
  const rows = new Map<string, Row>(IDS.map((id) => [id, { id, price: 1 }]));
  const applied: string[] = [];
  const streams = new OpenStreams();
  let changed = Promise.withResolvers<void>();
  let held: Promise<void> | undefined;
  const note = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const master = defineTable({
    name: "products",
    idField: "id",
    columns: [{ name: "id" }, { name: "price" }],
    list: () => [...rows.values()],
    patch: (id, partial) => {
      const row = rows.get(id);
      if (row === undefined) throw new NotFoundError(`There is no product ${id}`);
      applied.push(`${id}=${partial.price}`);
      rows.set(id, { ...row, ...partial });
      note();
      return rows.get(id) ?? row;
    },
  });
  const products = new LiveTable(master, "products", new NoCache());
  const handler = tableHandler(products, { path: "/shop/products", writable: true });
  const shop = {
    isOnline: true,
    applied,
    get opened() {
      return streams.opened;
    },
    streams: (count: number) => streams.are(count),
    get holders() {
      return streams.holders;
    },
    heldByOther: (name: string) => streams.heldByOther(name),
    applies: async (count: number) => {
      while (applied.length < count) await changed.promise;
    },
    edit: async (id: string, price: number) => {
      await products.patchValue(id, { price });
    },
    holdAnswers: () => {
      const hold = Promise.withResolvers<void>();
      held = hold.promise;
      return () => {
        held = undefined;
        hold.resolve();
      };
    },
  };
  const served = await serve(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/page.js") return new Response(code, { headers: { "content-type": "text/javascript" } });
    if (pathname === "/description.json") return await handler(new Request(new URL("/shop/products", request.url)));
    if (!pathname.startsWith("/shop/")) return new Response(PAGE, { headers: { "content-type": "text/html" } });
    if (!shop.isOnline) return new Response("The plug is pulled", { status: 503 });
    const answer = await handler(request);
    if (request.method !== "GET") await held;
    return pathname.endsWith("/events") ? streams.add(answer, request.headers.get("x-tab") ?? "") : answer;
  });
  const close = async (): Promise<void> => {
    await handler.close();
    await served.close();
    await products.close();
  };
  // Not a copy, which would have no getters.
  return Object.assign(shop, { url: served.url, close });
}
