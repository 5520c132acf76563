/**
 * Takes from this process what WebKit does not have, then uses every entry of the package: no method may be called
 * "undefined", and the first steps must go as anywhere. Prints what it saw, as JSON.
 */
import { readFileSync } from "node:fs";

/** `Symbol` without the names that `using` needs. They cannot be deleted from the one that there is. */
function withoutDispose(original: SymbolConstructor): SymbolConstructor {
  const { dispose: _, asyncDispose: _also, ...others } = Object.getOwnPropertyDescriptors(original);
  return Object.defineProperties((text?: string) => original(text), others) as SymbolConstructor;
}

globalThis.Symbol = withoutDispose(Symbol);
for (const name of [Symbol.asyncIterator, "values"]) Reflect.deleteProperty(ReadableStream.prototype, name);
Reflect.deleteProperty(ReadableStream, "from");

/** The functions and prototypes among what a module exports that have a member named "undefined". */
function misnamed(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    return Object.hasOwn(value, "undefined") || Object.hasOwn(value.prototype ?? {}, "undefined") ? [name] : [];
  });
}

const { exports } = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));
const modules: Readonly<Record<string, unknown>>[] = [];
for (const name of Object.keys(exports)) modules.push(await import(name.replace(".", "@vantage/live")));

const { LiveTable, MemTable, NoCache } = await import("@vantage/live");
const { tableHandler } = await import("@vantage/live/server");
const { firstSteps } = await import("../package/consumer/first_steps.ts");
const { memShop } = await import("../package/consumer/mem_shop.ts");
const { networkShop } = await import("../package/consumer/network_shop.ts");

const rows = [["a", { name: "Bun", price: 2 }], ["b", { name: "Tart", price: 5 }]] as const;
const products = new LiveTable(new MemTable("products", { rows }), "products", new NoCache());
const handler = tableHandler(products, { path: "/products", writable: true });
globalThis.fetch = (input, init) => handler(new Request(input, init));

const asyncDispose = Symbol.for("Symbol.asyncDispose");
const seen = {
  has: ["dispose", "asyncDispose"].filter((name) => name in Symbol),
  misnamed: [...modules.flatMap(misnamed), ...misnamed({ handler })],
  // What compilers of `using` call there.
  disposable: [asyncDispose in products, asyncDispose in handler],
  memory: await firstSteps(memShop()),
  network: await firstSteps(await networkShop("http://shop.example/products")),
};
await handler.close();
await products.close();
console.log(JSON.stringify(seen));
