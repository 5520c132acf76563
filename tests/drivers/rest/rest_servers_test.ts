import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { LiveTable, MemCache, NotFoundError, type Row, UnauthorizedError, UnsupportedError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { serve, type Served } from "../../server/serve.ts";
import { LOCAL_SERVERS } from "./rest_local_servers.ts";
import { REAL_SERVERS, startRealServer } from "./rest_real_servers.ts";
import * as options from "./rest_server_options.ts";

/** What every server holds, under the ids from 1 to 250, or what it makes of them. */
const ITEMS: readonly Row[] = Array.from({ length: 250 }, (_, at) => ({
  title: `Item ${at + 1}`,
  category: at % 2 === 0 ? "a" : "b",
  price: (at * 7) % 100,
}));

/** What is particular to a server, besides its options. */
interface Particular {
  /** Where its rows are. */
  readonly path?: string;
  /** The id that the first row has; the others have the like. */
  readonly id?: (number: number) => string;
  /** Whether it takes a missing row for a forbidden one. */
  readonly forbidsMissing?: boolean;
  /** Whether all values become texts. */
  readonly isText?: boolean;
}

const PARTICULAR: { readonly [name: string]: Particular } = {
  STRIPE: { id: (number) => `cus_${number}`, isText: true },
  DJANGO: { path: "/items/" },
  DIRECTUS: { forbidsMissing: true },
  RAILS: { path: "/items.json" },
  SOUL: { path: "/api/tables/items/rows" },
  ODATA: { id: (number) => String(number).padStart(4, "0") },
};

for (const [name, make] of Object.entries(LOCAL_SERVERS)) suite(name, () => serve(make(ITEMS)));
for (const name of REAL_SERVERS) suite(name, () => startRealServer(name, ITEMS, PARTICULAR[name]?.id));

function suite(name: string, start: () => Promise<Served>): void {
  const { path = "/items", id = String, forbidsMissing = false, isText = false } = PARTICULAR[name] ?? {};
  const described: RestTableOptions = options[name as keyof typeof options];
  const ids = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, at) => id(from + at));

  describe(`RestTable over a server of the kind ${name}`, () => {
    let server: Served;
    before(async () => {
      server = await start();
    });
    after(() => server.close());

    /** A table that knows nothing of the server yet, and the requests that it takes. */
    const over = async (body: (table: RestTable, requests: string[]) => Promise<void>): Promise<void> => {
      const requests: string[] = [];
      const counting: typeof fetch = (input, init) => {
        requests.push(`${init?.method} ${String(input)}`);
        return fetch(input, init);
      };
      await body(new RestTable(`${server.url}${path}`, { ...described, fetch: counting }), requests);
    };

    it("lists all rows, and not only those of the first page", () =>
      over(async (table) => {
        const rows = await table.listValues();
        assert.deepEqual(rows.ids(), ids(1, 250));
        assert.deepEqual(rows.get(id(7))?.["title"], "Item 7");
      }));

    it("gives any page, in whatever parts the server gives it", () =>
      over(async (table) => {
        assert.deepEqual((await table.page(2, 40).listValues()).ids(), ids(41, 80));
        assert.deepEqual((await table.page(2, 200).listValues()).ids(), ids(201, 250));
        assert.deepEqual((await table.page(1, 200).listValues()).ids(), ids(1, 200));
        assert.deepEqual((await table.page(2, 110).listValues()).ids(), ids(111, 220));
        assert.deepEqual((await table.page(7, 40).listValues()).ids(), ids(241, 250));
      }));

    it("gives a long page first, when nothing is known of the server yet", () =>
      over(async (table) => assert.deepEqual((await table.page(2, 200).listValues()).ids(), ids(201, 250))));

    it("gives an empty page beyond the last, and no error", () =>
      over(async (table) => {
        assert.equal((await table.page(8, 40).listValues()).size, 0);
        assert.equal((await table.page(6, 50).listValues()).size, 0);
        assert.equal((await table.page(99, 200).listValues()).size, 0);
      }));

    it("counts all rows, or says that it cannot", () =>
      over(async (table) => {
        if (!table.capabilities.count) return await assert.rejects(table.getCount(), UnsupportedError);
        assert.equal(await table.getCount(), 250);
        assert.equal(await table.page(2, 10).getCount(), 250);
      }));

    it("narrows and orders as the server does, or refuses it on a page", () =>
      over(async (table) => {
        const { where, orderBy } = table.capabilities;
        const narrowed = table.where({ category: "b" });
        const all = await narrowed.listValues();
        assert.equal(all.size, 125);
        const page = narrowed.page(2, 40).listValues();
        if (where.includes("eq")) assert.deepEqual((await page).ids(), all.ids().slice(40, 80));
        else await assert.rejects(page, UnsupportedError);
        const ordered = table.orderBy("price", "desc").page(1, 3).listValues();
        if (!orderBy) return await assert.rejects(ordered, UnsupportedError);
        assert.deepEqual([...(await ordered).values()].map(({ price }) => price), [99, 99, 98]);
      }));

    it("gets a row, and none where there is none", () =>
      over(async (table) => {
        assert.equal((await table.getValue(id(3)))?.["title"], "Item 3");
        const missing = table.getValue(id(999));
        if (forbidsMissing) await assert.rejects(missing, UnauthorizedError);
        else assert.equal(await missing, undefined);
      }));

    it("inserts, replaces, patches and deletes, each if it says that it can", () =>
      over(async (table) => {
        const { insertReturnId, replace, patch, delete: remove } = table.capabilities;
        let added = id(250);
        if (insertReturnId) {
          added = await table.insertReturnIdValue({ title: "New", category: "c", price: 5 });
          assert.equal((await table.getValue(added))?.["title"], "New");
        } else await assert.rejects(table.insertReturnIdValue({ title: "New" }), UnsupportedError);
        if (replace) {
          const stored = await table.replaceValue(added, { title: "Newer", category: "c", price: 6 });
          assert.deepEqual([stored["title"], stored["price"]], ["Newer", 6]);
        } else await assert.rejects(table.replaceValue(added, { title: "Newer" }), UnsupportedError);
        if (patch) {
          const stored = await table.patchValue(added, { title: "Newest" });
          assert.deepEqual([stored["title"], stored["category"]], ["Newest", insertReturnId ? "c" : "b"]);
          await assert.rejects(
            table.patchValue(id(999), { title: "x" }),
            forbidsMissing ? UnauthorizedError : NotFoundError,
          );
        } else await assert.rejects(table.patchValue(added, { title: "Newest" }), UnsupportedError);
        if (!remove) return await assert.rejects(table.delete(added), UnsupportedError);
        await table.delete(added);
        const gone = table.getValue(added);
        if (forbidsMissing) await assert.rejects(gone, UnauthorizedError);
        else assert.equal(await gone, undefined);
        if (forbidsMissing) await assert.rejects(table.delete(added), UnauthorizedError);
        else await table.delete(added);
      }));

    it("is cached by a LiveTable, whose page is read again after a write", () =>
      over(async (table, requests) => {
        await using live = new LiveTable(table, "items", new MemCache());
        for (let time = 0; time < 2; time++) assert.equal((await live.page(1, 20).listValues()).size, 20);
        const before = requests.length;
        await live.page(1, 20).listValues();
        assert.equal(requests.length, before);
        await live.delete(id(1));
        assert.deepEqual((await live.page(1, 20).listValues()).ids(), ids(2, 21));
        if (!isText && table.capabilities.patch) {
          await live.patchValue(id(2), { price: 1000 });
          assert.equal((await live.page(1, 20).listValues()).first()?.[1]["price"], 1000);
        }
      }));
  });
}

describe("The documentation of RestTable", () => {
  it("shows the options of each server as they are tested", async () => {
    const docs = await readFile(new URL("../../../docs/rest.md", import.meta.url), "utf8");
    const module = await readFile(new URL("./rest_server_options.ts", import.meta.url), "utf8");
    const blocks = module.split(/^(?=\/\*\*)/m).slice(1);
    assert.equal(blocks.length, Object.keys(options).length);
    for (const block of blocks) assert(docs.includes(block.trim()), `docs/rest.md lacks\n${block}`);
  });
});
