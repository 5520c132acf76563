import { assertDeepEqual, assertEqual } from "./assert.ts";
import { createElement as h, type ReactNode, StrictMode, useEffect } from "react";
import { defineTable, type LiveHandle, LiveTable, MemCache, MemTable, type Row } from "@vantage/live";
import { type ListWindow, useWindow } from "@vantage/live/react";
import { Boundary, type Cases, openScreen, quiet, until } from "./screen.ts";

/** A table of many rows, of whose master it is known which pages were asked for. */
function openList(
  size: number,
  options = {},
): { readonly table: LiveTable; readonly pages: number[] } & AsyncDisposable {
  const ids = Array.from({ length: size }, (_, at) => String(at).padStart(6, "0"));
  const rows = new MemTable("rows", {
    idField: "id",
    rows: ids.map((id): [string, Row] => [id, { id, name: `Row ${id}` }]),
  });
  const pages: number[] = [];
  const master = defineTable({
    name: "rows",
    idField: "id",
    capabilities: { page: true, orderBy: true, where: ["eq", "lt", "gt"], exact: true, sameRows: true },
    list: ({ query }) => {
      pages.push(query.pagination?.page ?? 0);
      return rows.withQuery(query).listValues();
    },
    count: ({ query }) => rows.withQuery(query).getCount(),
    get: (id) => rows.getValue(id),
    insert: (id, row) => rows.insertValue(id, row),
    patch: (id, partial) => rows.patchValue(id, partial),
    delete: (id) => rows.delete(id),
  });
  const table = new LiveTable(master, "rows", new MemCache(), options);
  return { table, pages, [Symbol.asyncDispose]: () => table.close() };
}

interface ListProps {
  readonly handle: LiveHandle;
  readonly start: number;
  readonly onList?: (list: ListWindow) => void;
}

/** Ten places of a list, from `start` on, as a virtual list draws them. */
function List({ handle, start, onList }: ListProps): ReactNode {
  const list = useWindow(handle, { size: 50 });
  const { count, get, keyOf, ensure } = list;
  onList?.(list);
  useEffect(() => ensure(start, start + 10), [start, ensure]);
  const places = Array.from({ length: Math.max(0, Math.min(10, count - start)) }, (_, at) => start + at);
  return places.map((place) => h("li", { key: keyOf(place) }, String(get(place)?.[1].name ?? "…"), " "));
}

const row = (at: number): string => `Row ${String(at).padStart(6, "0")}`;

export const WINDOW_CASES: Cases = {
  "useWindow() to row 50 000 and back asks for each page once, and shows the places": async () => {
    await using list = openList(100_000);
    using screen = openScreen();
    let last: ListWindow | undefined;
    const draw = (start: number): void =>
      screen.draw(h(StrictMode, null, h(List, { handle: list.table, start, onList: (it) => void (last = it) })));
    draw(0);
    await until(() => screen.text.startsWith(row(0)), "the first rows");
    assertDeepEqual([last?.count, last?.total], [100_000, 100_000]);
    for (const start of [40, 25_000, 50_000, 25_000, 40, 0]) {
      draw(start);
      await until(() => screen.text.startsWith(row(start)) && screen.text.includes(row(start + 9)), `row ${start}`);
    }
    assertDeepEqual(list.pages, [1, 501, 1001]);
  },

  "useWindow() shows placeholders for rows that are not there yet, under keys of their places": async () => {
    await using list = openList(1_000);
    using screen = openScreen();
    let last: ListWindow | undefined;
    const draw = (start: number): void =>
      screen.draw(h(List, { handle: list.table, start, onList: (it) => void (last = it) }));
    draw(0);
    await until(() => screen.text.startsWith(row(0)), "the first rows");
    assertDeepEqual([last?.keyOf(3), last?.keyOf(400), last?.get(400)], ["id 000003", "at 400", undefined]);
    const texts = screen.record();
    draw(400);
    await until(() => screen.text.startsWith(row(400)), "other rows");
    assertEqual(texts.filter((text) => text.startsWith("…")).length, 1);
  },

  "useWindow() keeps the elements of rows that move, and says by how far, in the commit that shows the new size":
    async () => {
      await using list = openList(1_000, { optimistic: true });
      using screen = openScreen();
      const seen: string[] = [];
      const onList = ({ total, shift, offset, rows }: ListWindow): void =>
        void seen.push(`${total} ${shift} ${rows.ids().indexOf("000105") + offset}`);
      screen.draw(h(List, { handle: list.table, start: 100, onList }));
      await until(() => screen.text.startsWith(row(100)), "the rows");
      await quiet();
      const element = screen.element.children[5];
      seen.length = 0;
      await list.table.delete("000002");
      await until(() => seen.at(-1)?.startsWith("999 ") === true, "the deletion");
      await quiet();
      assertDeepEqual([...new Set(seen)].slice(-1), ["999 -1 104"]);
      assertDeepEqual(seen.filter((text) => text !== "1000 0 105" && text !== "999 -1 104"), []);
      assertEqual(screen.element.children[4], element);
    },

  "useWindow() of a handle that is made in each render stays where it is; of other rows it begins at the top":
    async () => {
      await using list = openList(1_000);
      using screen = openScreen();
      const draw = (below: string, start: number): void =>
        screen.draw(h(List, { handle: list.table.where("id", "lt", below).orderBy("id"), start }));
      draw("000900", 200);
      await until(() => screen.text.startsWith(row(200)), "the rows");
      const texts = screen.record();
      draw("000900", 201);
      await until(() => screen.text.startsWith(row(201)), "the next rows");
      assertEqual(texts.length, 2);
      draw("000500", 0);
      await until(() => screen.text.startsWith(row(0)), "the other rows");
    },

  "useWindow() beyond the end has no rows, and says where the end is": async () => {
    await using list = openList(30);
    using screen = openScreen();
    let last: ListWindow | undefined;
    screen.draw(h(List, { handle: list.table, start: 5_000, onList: (it) => void (last = it) }));
    await until(() => last?.total === 30, "the size");
    await until(() => last?.fetchStatus === "idle", "the end of the read");
    assertDeepEqual([screen.text, last?.count, last?.get(5_003), last?.error], ["", 30, undefined, undefined]);
  },

  "useWindow() gives a row that is called like a place another key than that place": async () => {
    const rows = new MemTable("rows", { rows: [["at 2", { name: "first" }], ["id at 2", { name: "second" }]] });
    await using table = new LiveTable(rows, "rows", new MemCache());
    using screen = openScreen();
    let keys: readonly (string | undefined)[] = [];
    const onList = ({ keyOf }: ListWindow): void => void (keys = [0, 1, 2].map(keyOf));
    screen.draw(h(List, { handle: table, start: 0, onList }));
    await until(() => screen.text === "first second ", "the rows");
    assertEqual(new Set(keys).size, 3);
  },

  "useWindow() refuses a size that is none": async () => {
    await using list = openList(30);
    using screen = openScreen();
    const None = (): ReactNode => String(useWindow(list.table, { size: 0 }).count);
    screen.draw(h(Boundary, null, h(None)));
    await until(() => screen.text.startsWith("thrown: size must be"), "the message");
  },

  "useWindow() leaves nothing behind, and reads nothing when nothing has changed": async () => {
    await using list = openList(300);
    using screen = openScreen();
    let drawn = 0;
    screen.draw(h(StrictMode, null, h(List, { handle: list.table, start: 0, onList: () => void drawn++ })));
    await until(() => screen.text.startsWith(row(0)), "the rows");
    await quiet();
    const before = drawn;
    await quiet();
    assertEqual(drawn, before);
    screen.draw(null);
    await until(() => screen.text === "", "an empty page");
    await new Promise((resolve) => setTimeout(resolve, 80));
    await list.table.invalidate();
    await quiet();
    assertDeepEqual(list.pages, [1]);
  },
};
