import { UnsupportedError } from "../../table/errors.ts";
import { Pagination } from "../../table/pagination.ts";
import type { Condition, Operator, Order, Query } from "../../table/query.ts";
import type { Value } from "../../table/row.ts";
import type { Capabilities, TableLike } from "../../table/table_like.ts";
import { expect, expectEqual, expectError, readAll, show } from "./expect.ts";
import { BAKERY, expectIds, type TableCase, tableCase, type TableHarness } from "./table_harness.ts";

/** Conditions, and the ids of the rows for which they must hold; includes `null` and values of other types. */
const CONDITIONS: readonly (readonly [column: string, operator: Operator, value: Value | undefined, ids: string])[] = [
  ["name", "eq", "Bun", "1"],
  ["name", "eq", "bun", ""],
  ["name", "eq", "Bun' OR '1'='1", ""],
  ["price", "eq", 2.5, "1 11"],
  ["price", "eq", 0, "12"],
  ["price", "eq", "2.5", ""],
  ["price", "eq", null, "13"],
  ["stock", "eq", 12, "1 11"],
  ["active", "eq", true, "1 2 10 13"],
  ["active", "eq", false, "3 11"],
  ["active", "eq", "true", ""],
  ["active", "eq", 1, ""],
  ["stock", "eq", false, ""],
  ["note", "eq", "", "12"],
  ["note", "eq", "50% butter", "10"],
  ["note", "eq", 'It\'s "fresh"', "13"],

  ["price", "ne", 2.5, "2 3 10 12 13"],
  ["price", "ne", "2.5", "1 2 3 10 11 12 13"],
  ["price", "ne", null, "1 2 3 10 11 12"],
  ["active", "ne", true, "3 11 12"],
  ["active", "ne", 1, "1 2 3 10 11 12 13"],
  ["note", "ne", "", "1 2 3 10 11 13"],

  ["price", "gt", 2.5, "2 3 10"],
  ["price", "gt", "", ""],
  ["price", "gt", null, ""],
  ["stock", "gt", -4, "1 2 3 10 11 12"],
  ["name", "gt", "Croissant", "2 3 12 13"],
  ["name", "gt", "\ufb01lo", "13"],
  ["active", "gt", false, "1 2 10 13"],
  ["active", "gt", 0, ""],
  ["note", "gt", "", "2 10 11 13"],
  ["name", "gt", 5, ""],

  ["price", "gte", 2.5, "1 2 3 10 11"],
  ["price", "gte", null, ""],
  ["name", "gte", "\ufb01lo", "12 13"],
  ["note", "gte", "", "2 10 11 12 13"],

  ["price", "lt", 2.5, "12"],
  ["price", "lt", 1_000_000, "1 2 3 10 11 12"],
  ["price", "lt", "z", ""],
  ["price", "lt", null, ""],
  ["name", "lt", "Bunny", "1 10"],
  ["name", "lt", "\u{1f950}", "1 2 3 10 11 12"],
  ["active", "lt", true, "3 11"],

  ["price", "lte", 2.5, "1 11 12"],
  ["price", "lte", null, ""],
  ["stock", "lte", 0, "2 12"],
  ["note", "lte", "", "12"],

  ["price", "in", [2.5, 12], "1 10 11"],
  ["price", "in", [], ""],
  ["price", "in", [null], "13"],
  ["price", "in", [4, null, 4], "2 13"],
  ["price", "in", ["2.5", true], ""],
  ["stock", "in", [12, "0", false], "1 11"],
  ["name", "in", ["Bun", "Croissant", "none"], "1 11"],
  ["active", "in", [true, null], "1 2 10 12 13"],

  ["price", "notIn", [2.5, 12], "2 3 12 13"],
  ["price", "notIn", [], "1 2 3 10 11 12 13"],
  ["price", "notIn", [null], "1 2 3 10 11 12"],
  ["price", "notIn", [null, 4], "1 3 10 11 12"],
  ["price", "notIn", ["2.5"], "1 2 3 10 11 12 13"],

  ["note", "isNull", undefined, "1 3"],
  ["active", "isNull", undefined, "12"],
  ["name", "isNull", undefined, ""],
  ["note", "notNull", undefined, "2 10 11 12 13"],
  ["price", "notNull", undefined, "1 2 3 10 11 12"],
];

const SEARCHES: readonly (readonly [search: string, ids: string])[] = [
  ["butter", "10 11"],
  ["BUTTER", "10 11"],
  ["rye b", "2"],
  ["bun", "1"],
  ["zzz", ""],
  ["%", "10"],
  ["_", "11"],
  ["'s \"f", "13"],
  ["\\", ""],
  ["*", ""],
  ["\u{1f950}", "13"],
  ["null", ""],
  ["", "1 2 3 10 11 12 13"],
];

const ORDERS: readonly (readonly [orderBy: readonly Order[], ids: string])[] = [
  [[["name", "asc"]], "10 1 11 2 3 12 13"],
  [[["name", "desc"]], "13 12 3 2 11 1 10"],
  [[["price", "asc"], ["name", "asc"]], "13 12 1 11 3 2 10"],
  [[["price", "asc"], ["name", "desc"]], "13 12 11 1 3 2 10"],
  [[["price", "desc"], ["name", "asc"]], "10 2 3 1 11 12 13"],
  [[["active", "asc"], ["name", "asc"]], "12 11 3 10 1 2 13"],
  [[["stock", "asc"], ["price", "asc"], ["name", "desc"]], "13 12 2 10 3 11 1"],
];

/** Orders with ties: equal rows keep the table's own order. */
const ORDERS_WITH_TIES: readonly (readonly [orderBy: readonly Order[], ids: string])[] = [
  [[["price", "asc"]], "13 12 1 11 3 2 10"],
  [[["price", "desc"]], "10 2 3 1 11 12 13"],
  [[["active", "asc"]], "12 3 11 1 2 10 13"],
  [[["active", "desc"]], "1 2 10 13 3 11 12"],
];

/** Promises for queries: conditions, search, order and pages. */
export const queryCases: readonly TableCase[] = [
  ...CONDITIONS.map(([column, operator, value, ids]) => {
    const what = value === undefined ? `${column} ${operator}` : `${column} ${operator} ${show(value)}`;
    return tableCase(
      `TableLike narrowed by ${what} holds ${ids === "" ? "no row" : ids}`,
      [],
      async (table, harness) => {
        const condition: Condition = value === undefined ? [column, operator] : [column, operator, value];
        await expectSet(table, { where: [condition] }, ids, harness);
      },
    );
  }),
  tableCase(
    "TableLike narrowed by several conditions holds the rows for which all hold",
    [],
    async (table, harness) => {
      await expectSet(table, { where: [["price", "gte", 2.5], ["active", "eq", true]] }, "1 2 10", harness);
      await expectSet(table, { where: [["price", "gt", 2.5], ["price", "lt", 4]] }, "3", harness);
      await expectSet(table, { where: [["price", "eq", 4], ["price", "ne", 4]] }, "", harness);
      await expectSet(table, { where: [["name", "eq", "Bun"], ["name", "eq", "Bun"]] }, "1", harness);
      await expectSet(table, { where: [] }, "1 2 3 10 11 12 13", harness);
    },
  ),
  {
    ...tableCase("TableLike takes an absent column for null", [], async (table, harness) => {
      await expectSet(table, { where: [["color", "isNull"]] }, "1 2 3 10 11 12 13", harness);
      await expectSet(table, { where: [["color", "ne", "red"]] }, "1 2 3 10 11 12 13", harness);
      await expectSet(table, { where: [["color", "lt", "red"]] }, "", harness);
      await expectSet(table, { where: [["__proto__", "notNull"]] }, "", harness);
    }),
    skip: ({ knowsColumns }) => knowsColumns ? "the table refuses columns that it does not know" : undefined,
  },

  ...SEARCHES.map(([search, ids]) =>
    tableCase(
      `TableLike.search of ${show(search)} finds ${ids === "" ? "no row" : ids}`,
      [],
      async (table, harness) => {
        await expectSet(table, { search }, ids, harness);
      },
    )
  ),
  {
    ...tableCase("TableLike.search ignores the case of all letters", [], async (table, harness) => {
      await expectSet(table, { search: "\u00e9CLAIR" }, "3", harness);
    }),
    skip: ({ foldsAllLetters }) => foldsAllLetters ? undefined : "the table ignores case only for the letters a to z",
  },
  tableCase(
    "TableLike.search together with conditions finds the rows for which both hold",
    [],
    async (table, harness) => {
      await expectSet(table, { search: "butter", where: [["active", "eq", true]] }, "10", harness);
    },
  ),

  ...ORDERS.map(([orderBy, ids]) =>
    tableCase(`TableLike ordered by ${inWords(orderBy)} is ${ids}`, [], async (table) => {
      await expectList(table, { orderBy }, ids);
    })
  ),
  ...ORDERS_WITH_TIES.map(([orderBy, ids]) => ({
    ...tableCase(`TableLike ordered by ${inWords(orderBy)} keeps its own order between equals`, [], async (table) => {
      await expectList(table, { orderBy }, ids);
    }),
    skip: ({ keepsOrder }: TableHarness) => keepsOrder ? undefined : "the table does not keep its order",
  })),
  tableCase("TableLike may be narrowed, searched, ordered and paged at once", [], async (table) => {
    const query: Query = { where: [["price", "gt", 1]], search: "e", orderBy: [["name", "desc"]] };
    await expectList(table, query, "2 11 10");
    await expectList(table, { ...query, pagination: new Pagination(2, 2) }, "10");
  }),

  ...[1, 2, 3, 7, 8].map((size) =>
    tableCase(`TableLike in pages of ${size} shows every row once, in order`, [], async (table) => {
      for (const orderBy of [[], [["price", "asc"], ["name", "asc"]], [["active", "asc"]]] satisfies Order[][]) {
        await expectPages(table, { orderBy }, size);
      }
      await expectPages(table, { where: [["active", "eq", true]] }, size);
      await expectPages(table, { search: "butter" }, size);
    })
  ),
  tableCase("TableLike beyond its last page shows no rows", [], async (table) => {
    for (const pagination of [new Pagination(2), new Pagination(8, 1), new Pagination(1_000_000, 1_000)]) {
      await expectList(table, { pagination }, "");
    }
  }),
  tableCase("TableLike.getCount() is not changed by a page", ["count"], async (table) => {
    for (const pagination of [new Pagination(1, 2), new Pagination(2, 2), new Pagination(99)]) {
      expectEqual(await table.withQuery({ pagination }).getCount(), BAKERY.length, "the count of all");
      await orRefused(table, { where: [["active", "eq", true]], pagination }, async (narrowed) => {
        expectEqual(await narrowed.getCount(), 4, "the count of a narrowed set");
      });
    }
  }),
  tableCase("TableLike.streamValues() and getSomeValue() see the page", [], async (table) => {
    await orRefused(table, { orderBy: [["name", "asc"]], pagination: new Pagination(2, 3) }, async (page) => {
      const ids = (await readAll(page.streamValues())).map(([id]) => id);
      expectEqual(ids, ["2", "3", "12"], "the ids in the stream");
      const some = await page.getSomeValue();
      expect(some !== undefined && ids.includes(some[0]), `expected one of ${show(ids)}, got ${show(some)}`);
    });
  }),
  tableCase(
    "TableLike.getValue(), patchValue() and delete() do not see the page",
    ["get", "patch", "delete"],
    async (table) => {
      const page = table.withQuery({ pagination: new Pagination(1, 2) });
      expect(await page.getValue("13") !== undefined, "a row of another page must be found");
      await page.patchValue("13", { price: 1 });
      await page.delete("12");
      expectEqual((await table.listValues()).size, BAKERY.length - 1, "the number of rows");
    },
  ),

  {
    ...tableCase(
      "TableLike refuses a column that it does not have with a TypeError that names it",
      [],
      async (table) => {
        const unknown: Query[] = [
          { where: [["color", "eq", 1]] },
          { where: [["name", "eq", "x"], ["color", "isNull"]] },
          { orderBy: [["color", "asc"]] },
          { where: [['name" = name --', "eq", 1]] },
          { where: [["Name", "eq", 1]] },
        ];
        for (const query of unknown) {
          const [column = ""] = query.orderBy?.[0] ?? query.where?.at(-1) ?? [];
          const named = show(column).slice(1, -1);
          await expectError(() => table.withQuery(query).listValues(), TypeError, `the column ${column}`, [named]);
        }
      },
    ),
    skip: ({ knowsColumns }) => knowsColumns ? undefined : "the table does not know its columns",
  },
  tableCase("TableLike refuses a query that is none with a TypeError that names what is wrong", [], async (table) => {
    // A caller without type checks might pass these.
    const wrong: readonly (readonly [unknown, string])[] = [
      [{ where: [["name", "like", "x"]] }, "like"],
      [{ where: [["name", "=", "x"]] }, "="],
      [{ where: [["name", "toString", "x"]] }, "toString"],
      [{ where: [["name", "in", "x"]] }, "in"],
      [{ where: [["name", "eq"]] }, "eq"],
      [{ where: [["name", "eq", () => {}]] }, "name"],
      [{ where: { name: "x" } }, "where"],
      [{ orderBy: [["name", "up"]] }, "up"],
      [{ orderBy: "name" }, "orderBy"],
      [{ search: 5 }, "search"],
      [{ pagination: { page: 1 } }, "pagination"],
    ];
    for (const [query, name] of wrong) {
      await expectError(() => table.withQuery(query as Query).listValues(), TypeError, show(query), [name]);
    }
  }),
];

/** Fails unless all reads agree that the set holds these rows. */
async function expectSet(table: TableLike, query: Query, ids: string, harness: TableHarness): Promise<void> {
  await orRefused(table, query, async (narrowed) => {
    expectIds((await narrowed.listValues()).ids(), split(ids), harness, "listValues");
    const some = await narrowed.getSomeValue();
    expect(some === undefined ? ids === "" : split(ids).includes(some[0]), `getSomeValue gave ${show(some)}`);
    if (harness.capabilities.count) expectEqual(await narrowed.getCount(), split(ids).length, "getCount");
    if (!harness.capabilities.get) return;
    for (const [id] of BAKERY) {
      const found = await narrowed.getValue(id) !== undefined;
      expectEqual(found, split(ids).includes(id), `whether getValue finds row ${id}`);
    }
  });
}

async function expectList(table: TableLike, query: Query, ids: string): Promise<void> {
  await orRefused(table, query, async (narrowed) => {
    expectEqual((await narrowed.listValues()).ids(), split(ids), "the ids");
  });
}

async function expectPages(table: TableLike, query: Query, size: number): Promise<void> {
  await orRefused(table, { ...query, pagination: new Pagination(1, size) }, async () => {
    const all = (await table.withQuery(query).listValues()).ids();
    const paged: string[] = [];
    for (let page = 1; page <= Math.ceil(all.length / size) + 1; page++) {
      const ids = (await table.withQuery({ ...query, pagination: new Pagination(page, size) }).listValues()).ids();
      expect(ids.length <= size, `page ${page} holds ${ids.length} rows`);
      paged.push(...ids);
    }
    expectEqual(paged, all, "the ids of all pages, one after the other");
  });
}

/** Runs `body`, which may be refused with `UnsupportedError` unless the table's capabilities include the query. */
async function orRefused(table: TableLike, query: Query, body: (narrowed: TableLike) => Promise<void>): Promise<void> {
  try {
    await body(table.withQuery(query));
  } catch (error) {
    if (!(error instanceof UnsupportedError) || isAdvertised(query, table.capabilities)) throw error;
  }
}

function isAdvertised({ where = [], orderBy = [], search = "", pagination }: Query, can: Capabilities): boolean {
  return where.every((condition) => can.where.includes(operatorOf(condition))) &&
    (orderBy.length === 0 || can.orderBy) &&
    (search === "" || can.search) && (pagination === undefined || can.page);
}

/** `eq null` is another way to say `isNull`. */
function operatorOf([, operator, value]: Condition): Operator {
  if (value !== null) return operator;
  return operator === "eq" ? "isNull" : operator === "ne" ? "notNull" : operator;
}

function inWords(orderBy: readonly Order[]): string {
  return orderBy.map(([column, direction]) => `${column} ${direction}`).join(", ");
}

function split(ids: string): string[] {
  return ids === "" ? [] : ids.split(" ");
}
