import { defineTable, LiveTable, ManualLiveStream, MemCache, type TableLike } from "@vantage/live";
import { setImmediate } from "node:timers/promises";
import { arrayMaster, product } from "./array_master.ts";
import { figure, type Line } from "./line.ts";
import { optionsOf } from "./modes.ts";

const UNSEEN = { held: 200, all: 210, rowsPerPage: 100 };
const UNPAGED_ROWS = 10_000;
const WALK = { pages: 2_000, rowsPerPage: 50, masterRowsPerPage: 30 };

/** What is read of the master: all counts. */
export const readLines: readonly Line[] = [
  {
    work: `a foreign write to a row that no entry holds, ${UNSEEN.held} plain pages`,
    reach: "nothing read again",
    measure: async ({ options }) => {
      const { held, all, rowsPerPage } = UNSEEN;
      const master = arrayMaster(all * rowsPerPage);
      const liveStream = new ManualLiveStream();
      await using table = new LiveTable(master.table, "products", new MemCache(), { liveStream, ...options });
      await readPages(table, held, rowsPerPage);
      master.reads = 0;
      liveStream.push({ kind: "updated", id: master.idAt(all * rowsPerPage - 1) });
      await setImmediate();
      await readPages(table, held, rowsPerPage);
      return figure([`${master.reads} of ${held} pages read again`, master.reads === 0]);
    },
  },
  {
    work: `8 views of an unpaged source of ${UNPAGED_ROWS.toLocaleString("en")} rows`,
    reach: "1 read",
    measure: async ({ options }) => {
      const rows = Array.from({ length: UNPAGED_ROWS }, (_, at) => product(at));
      let reads = 0;
      const source = {
        name: "products",
        idField: "id",
        columns: Object.keys(product(0)).map((name) => ({ name })),
        list: () => (reads++, rows),
      };
      await using table = new LiveTable(defineTable(source), "products", new MemCache(), options);
      for (const view of eightViews(table)) await view.listValues();
      return figure([`${reads} reads, ${(reads * UNPAGED_ROWS).toLocaleString("en")} rows`, reads === 1]);
    },
  },
  {
    work: `a walk of ${WALK.pages} pages of ${WALK.rowsPerPage} over a master of ${WALK.masterRowsPerPage} per page`,
    reach: "each page of the master once",
    measure: async (mode) => {
      const { pages, rowsPerPage, masterRowsPerPage } = WALK;
      const own = optionsOf({ masterItemsPerPage: masterRowsPerPage });
      if (own === undefined) return { text: "–" };
      const master = arrayMaster(pages * rowsPerPage, { mostPerPage: masterRowsPerPage });
      const options = { ...mode.options, ...own };
      await using table = new LiveTable(master.table, "products", new MemCache(), options);
      await readPages(table, pages, rowsPerPage);
      const least = Math.ceil(pages * rowsPerPage / masterRowsPerPage);
      return figure([`${master.reads} reads of ${least} pages`, master.reads === least]);
    },
  },
];

async function readPages(table: LiveTable, pages: number, rowsPerPage: number): Promise<void> {
  for (let page = 1; page <= pages; page++) {
    const { size } = await table.page(page, rowsPerPage).listValues();
    if (size !== rowsPerPage) throw new Error(`Page ${page} has ${size} rows, not ${rowsPerPage}`);
  }
}

/** A sorted view that is scrolled, conditions, another order, and all rows. */
function eightViews(table: LiveTable): readonly Pick<TableLike, "listValues">[] {
  const sorted = table.orderBy("name");
  return [
    ...[1, 2, 3, 4].map((page) => sorted.page(page, 100)),
    table.where("category", "eq", "bread"),
    table.where("price", "gt", 5).orderBy("price", "desc").page(1, 100),
    table.orderBy("stock", "desc").page(1, 100),
    table,
  ];
}
