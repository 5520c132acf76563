import { type Clock, defineTable, MemTable, type Query, type Row, type Rows, type Table } from "@vantage/live";
import { PAGES, ROWS_PER_PAGE } from "./traffic.ts";

/** How long a read or a write of the master takes, there and back. */
export const MASTER_MS = 40;

/** What has been asked of a master so far. */
export interface MasterCounts {
  readonly reads: number;
  readonly rowsSent: number;
  /** The most reads in flight at once that concerned one page. */
  readonly mostAtOnce: number;
}

/** How a view is narrowed and ordered. */
export type View = Pick<Query, "where" | "orderBy">;

const COLUMNS = ["id", "name", "category", "price", "stock", "weight"].map((name) => ({ name }));
const ID = "id";

/**
 * A master that is 40 ms away. It holds the ten pages of the view that is read, and as many rows that are not in the
 * view. It counts what it is asked for, and knows since when each version of a row is known to readers.
 */
export class DistantMaster {
  readonly table: Table;
  /** The ids of the view, in its order. */
  readonly ids: readonly string[];
  /** The ids of the rows that a condition of the view excludes. */
  readonly outside: readonly string[];
  readonly #clock: Clock;
  readonly #data: MemTable;
  readonly #pageOf: ReadonlyMap<string, number>;
  readonly #inFlight = new Map<number, number>();
  /** When each version of a row became known; the version of a row is its stock. */
  readonly #knownAt = new Map<string, number[]>();
  readonly #versions = new Map<string, number>();
  #counts = { reads: 0, rowsSent: 0, mostAtOnce: 0 };

  private constructor(clock: Clock, data: MemTable, ids: readonly string[], outside: readonly string[]) {
    this.#clock = clock;
    this.#data = data;
    this.ids = ids;
    this.outside = outside;
    this.#pageOf = new Map(ids.map((id, at) => [id, Math.floor(at / ROWS_PER_PAGE) + 1]));
    this.table = defineTable({
      name: "products",
      idField: ID,
      columns: COLUMNS,
      capabilities: { page: true, where: data.capabilities.where, orderBy: true, sameRows: true },
      scoped: true,
      list: ({ query }) => this.#read(query, async () => await this.#data.withQuery(query).listValues()),
      get: (id, { query }) => this.#readOne(id, query),
      patch: (id, partial, { query }) => this.#away(() => this.#data.withQuery(query).patchValue(id, partial)),
    });
  }

  /** A master whose rows fill the view's pages, and twice as many rows if the view has conditions. */
  static async open(clock: Clock, view: View): Promise<DistantMaster> {
    const count = PAGES * ROWS_PER_PAGE * (view.where === undefined ? 1 : 2);
    const rows = Array.from({ length: count }, (_, at): [string, Row] => [`product-${at}`, product(at)]);
    const data = new MemTable("products", { idField: ID, columns: COLUMNS, rows });
    const ids = (await data.withQuery(view).listValues()).ids();
    const inside = new Set(ids);
    return new DistantMaster(clock, data, ids, rows.map(([id]) => id).filter((id) => !inside.has(id)));
  }

  get counts(): MasterCounts {
    return { ...this.#counts };
  }

  /** Counts from zero again. */
  resetCounts(): void {
    this.#counts = { reads: 0, rowsSent: 0, mostAtOnce: 0 };
  }

  /** Changes a row at the master, as another writer does; its readers learn of it at the same moment. */
  async change(id: string): Promise<void> {
    await this.#data.patchValue(id, this.nextVersion(id));
    this.known(id);
  }

  /** The columns that the next write of a row is to store. */
  nextVersion(id: string): Row {
    const stock = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, stock);
    return { stock };
  }

  /** Notes that readers know of one more version of a row from now on. */
  known(id: string): void {
    const times = this.#knownAt.get(id);
    if (times === undefined) this.#knownAt.set(id, [this.#clock.monotonic()]);
    else times.push(this.#clock.monotonic());
  }

  /** For how long the oldest of some rows had been known to be old, when they were asked for; 0 if none was. */
  ageMs(rows: Rows, askedAt: number): number {
    let oldest = 0;
    for (const [id, row] of rows) {
      const nextKnownAt = this.#knownAt.get(id)?.[Number(row.stock)];
      if (nextKnownAt !== undefined) oldest = Math.max(oldest, askedAt - nextKnownAt);
    }
    return oldest;
  }

  async #readOne(id: string, query: Query): Promise<Row | undefined> {
    const within = this.#data.withQuery({ ...query, where: [...query.where ?? [], [ID, "eq", id]] });
    return (await this.#read(within.query, () => within.listValues())).first()?.[1];
  }

  async #read(query: Query, read: () => Promise<Rows>): Promise<Rows> {
    const pages = this.#pagesOf(query);
    this.#counts.reads++;
    for (const page of pages) this.#count(page, 1);
    const rows = await this.#away(read);
    for (const page of pages) this.#count(page, -1);
    this.#counts.rowsSent += rows.size;
    return rows;
  }

  async #away<T>(work: () => Promise<T>): Promise<T> {
    await this.#clock.wait(MASTER_MS / 2);
    const answer = await work();
    await this.#clock.wait(MASTER_MS / 2);
    return answer;
  }

  #count(page: number, by: number): void {
    const inFlight = (this.#inFlight.get(page) ?? 0) + by;
    this.#inFlight.set(page, inFlight);
    this.#counts.mostAtOnce = Math.max(this.#counts.mostAtOnce, inFlight);
  }

  /** The page that is read, or those of the rows that are read. */
  #pagesOf({ where = [], pagination }: Query): Iterable<number> {
    const ids = where.flatMap(([column, , operand]) => column === ID ? [operand].flat() : []);
    if (ids.length === 0) return pagination === undefined ? [] : [pagination.page];
    return new Set(ids.map((id) => this.#pageOf.get(String(id)) ?? 0));
  }
}

const CATEGORIES = ["bread", "cake"];

function product(at: number): Row {
  return {
    name: `Product ${Math.imul(at, 2_654_435_761) >>> 0}`,
    category: CATEGORIES[at % 2] ?? "",
    price: at % 900,
    stock: 0,
    weight: at % 70,
  };
}
