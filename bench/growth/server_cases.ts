import { LiveTable, MemCache, MemTable, type Row } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { type GrowthCase, upTo } from "./growth_case.ts";

export const serverCases: readonly GrowthCase[] = [
  {
    name: "tableHandler: a list of n",
    prepare: (n) => {
      const handler = tableHandler(open(n), { maxRows: n + 1, maxAnswerBytes: 2 ** 30 });
      return async () => await (await handler(new Request("http://bench.test/rows"))).arrayBuffer();
    },
  },
  {
    name: "tableHandler: n requests at once",
    prepare: (n) => {
      const handler = tableHandler(open(10));
      const request = async (): Promise<unknown> =>
        await (await handler(new Request("http://bench.test/rows?page=1&limit=10"))).arrayBuffer();
      return () => Promise.all(upTo(n).map(request));
    },
  },
  {
    name: "tableHandler: in of n values over n rows",
    from: 64,
    prepare: (n) => {
      const handler = tableHandler(open(n), { maxRows: n + 1, maxUrlLength: 2 ** 26, maxAnswerBytes: 2 ** 30 });
      const where = encodeURIComponent(JSON.stringify([["stock", "in", upTo(n)]]));
      return async () => await (await handler(new Request(`http://bench.test/rows?where=${where}`))).arrayBuffer();
    },
  },
];

function open(n: number): LiveTable {
  const rows = upTo(n).map((at): [string, Row] => [`${at}`, { name: `Product ${at}`, stock: at }]);
  const cache = new MemCache({ maxRows: 10_000_000 });
  return new LiveTable(new MemTable("products", { rows }), "products", cache);
}
