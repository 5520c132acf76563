import { BTreeIndex, createCollection, createLiveQueryCollection, localOnlyCollectionOptions } from "@tanstack/db";
import { LiveTable, MemCache } from "@vantage/live";
import { createStore } from "tinybase";
import { formatTime } from "../tables.ts";
import { arrayMaster, product } from "./array_master.ts";
import { median } from "./line.ts";
import { type Mode, NOW, TODAY } from "./modes.ts";

const ROWS = 100_000;
const WINDOW = 100;
const UPDATES = 50;
const NS_PER_MS = 1e6;
/** A number that has no factor in common with that of the rows. */
const COPRIME = 7_919;

/** A column of the row that is changed: one that orders the window, or another. */
type Changed = "stock" | "rank";

/** Changes one column of a row that is in the window; resolves when the window shows it. */
type Change = (at: number, value: number) => Promise<void> | void;

/** A library that keeps a window of 100 rows, ordered by `rank`, of a set of 100 000. */
interface Peer {
  readonly name: string;
  readonly open: (column: Changed) => Promise<Change> | Change;
}

const PEERS: readonly Peer[] = [
  { name: "@tanstack/db, live query", open: tanstackWindow },
  { name: "TinyBase, sorted row ids", open: tinybaseWindow },
  ...[TODAY, NOW].map((mode): Peer => ({
    name: `@vantage/live, own patch, ${mode.name}`,
    open: (column) => liveWindow(mode, column),
  })),
];

/** How long a change of one row takes to be seen in a window, at the median: rows of a table. */
export async function windowTimes(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [];
  for (const { name, open } of PEERS) {
    console.error(`${name} …`);
    rows.push([name, await timeOf(await open("stock"), "stock"), await timeOf(await open("rank"), "rank")]);
  }
  return rows;
}

async function timeOf(change: Change, column: Changed): Promise<string> {
  const times: number[] = [];
  for (let number = 1; number <= 2 * UPDATES; number++) {
    const at = number % WINDOW;
    // Above its neighbour below, and below the one above: the row keeps its place.
    const value = column === "rank" ? at + number / (4 * UPDATES) : number;
    const startedAt = performance.now();
    await change(at, value);
    if (number > UPDATES) times.push(performance.now() - startedAt);
  }
  return formatTime(median(times) * NS_PER_MS);
}

interface Ranked {
  readonly id: string;
  stock: number;
  rank: number;
}

/** The rows in another order than that of their ranks. */
function shuffled(): Ranked[] {
  return Array.from({ length: ROWS }, (_, at) => ranked(at * COPRIME % ROWS));
}

function ranked(at: number): Ranked {
  return { id: `product-${at}`, ...product(at), stock: -1, rank: at };
}

async function tanstackWindow(column: Changed): Promise<Change> {
  const collection = createCollection(localOnlyCollectionOptions({
    getKey: (row: Ranked) => row.id,
    initialData: shuffled(),
    autoIndex: "eager",
    defaultIndexType: BTreeIndex,
  }));
  const view = createLiveQueryCollection((query) =>
    query.from({ row: collection }).orderBy(({ row }) => row.rank, "asc").limit(WINDOW)
  );
  await view.preload();
  let seen = (): void => {};
  view.subscribeChanges(() => seen());
  return (at, value) =>
    new Promise((resolve, reject) => {
      const id = `product-${at}`;
      seen = () => {
        if (view.get(id)?.[column] === value) resolve();
      };
      collection.update(id, (row) => void (row[column] = value)).isPersisted.promise.catch(reject);
    });
}

function tinybaseWindow(column: Changed): Change {
  const store = createStore();
  store.setTable("products", Object.fromEntries(shuffled().map((row) => [row.id, { ...row }])));
  // As its hooks do: the ids of the window, and each row in it.
  let seen = 0;
  store.addSortedRowIdsListener("products", "rank", false, 0, WINDOW, () => void seen++);
  for (const id of store.getSortedRowIds("products", "rank", false, 0, WINDOW)) {
    store.addRowListener("products", id, () => void seen++);
  }
  return (at, value) => {
    seen = 0;
    store.setCell("products", `product-${at}`, column, value);
    if (seen === 0) throw new Error("The window was not told");
  };
}

async function liveWindow({ options }: Mode, column: Changed): Promise<Change> {
  const master = arrayMaster(ROWS, { orders: true });
  const table = new LiveTable(master.table, "products", new MemCache(), options);
  const page = table.orderBy("rank").page(1, WINDOW);
  await page.listValues();
  return async (at, value) => {
    const id = master.idAt(at);
    await table.patchValue(id, { [column]: value });
    if ((await page.listValues()).get(id)?.[column] !== value) throw new Error("The patch is not readable");
  };
}
