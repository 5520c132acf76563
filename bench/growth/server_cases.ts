import { LiveTable, MemCache, MemTable, type Row } from "@vantage/live";
import { type TableHandler, tableHandler } from "@vantage/live/server";
import { type GrowthCase, upTo } from "./growth_case.ts";

export const serverCases: readonly GrowthCase[] = [
  {
    name: "tableHandler: a list of n",
    prepare: (n) => {
      const handler = tableHandler(open(n), { maxRows: n + 1, maxAnswerBytes: 2 ** 30 });
      return () => answer(handler, "http://bench.test/rows");
    },
  },
  {
    name: "tableHandler: n requests at once",
    prepare: (n) => {
      const handler = tableHandler(open(10));
      return () => Promise.all(upTo(n).map(() => answer(handler, "http://bench.test/rows?page=1&limit=10")));
    },
  },
  {
    name: "tableHandler: in of n values over n rows",
    from: 64,
    prepare: (n) => {
      const bounds = { maxRows: n + 1, maxValues: n, maxUrlLength: 2 ** 26, maxAnswerBytes: 2 ** 30 };
      const handler = tableHandler(open(n), bounds);
      const where = encodeURIComponent(JSON.stringify([["stock", "in", upTo(n)]]));
      return () => answer(handler, `http://bench.test/rows?where=${where}`);
    },
  },
];

/** The whole response to a request. A refusal is fast at any size and measures nothing, so it is an error. */
async function answer(handler: TableHandler, url: string): Promise<ArrayBuffer> {
  const response = await handler(new Request(url));
  if (!response.ok) throw new Error(`${url.slice(0, 80)} was answered with ${response.status}`);
  return await response.arrayBuffer();
}

function open(n: number): LiveTable {
  const rows = upTo(n).map((at): [string, Row] => [`${at}`, { name: `Product ${at}`, stock: at }]);
  const cache = new MemCache({ maxRows: 10_000_000 });
  return new LiveTable(new MemTable("products", { rows }), "products", cache);
}
