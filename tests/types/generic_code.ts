/** Code over tables of any rows, and of some: compiled, never run. */
import {
  type ActiveRecord,
  defineTable,
  type LiveHandle,
  LiveTable,
  MemCache,
  type MemTable,
  type Query,
  type Row,
  type RowOf,
  type Rows,
  Table,
  type TableLike,
  type TableSource,
} from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import type { FaultyTable, OpenTable } from "@vantage/live/testing";
import type { Client, Order, Product } from "./client.ts";
import { same } from "./equal.ts";

declare function anyTable(table: TableLike): Promise<Row | undefined>;
declare function named(table: TableLike<{ name: string }>): void;

/** A table of any rows is a TableLike, and so is a handle, a record and a source of them. */
export function takesAny(
  mem: MemTable<Client>,
  live: LiveTable<Client>,
  handle: LiveHandle<Order>,
  orders: TableLike<Order>,
  products: Table<Product>,
  faulty: FaultyTable<Product>,
): void {
  for (const table of [mem, live, handle, orders, products, faulty]) anyTable(table);
  const untyped: [MemTable, LiveTable, LiveHandle, Table, FaultyTable] = [mem, live, handle, products, faulty];
  const unknown: [MemTable<object>, TableLike<object>] = [mem, orders];
  const suite: OpenTable = { table: live, close: () => live.close() };
  tableHandler({ live, orders });
  tableHandler(mem);
  return void [untyped, unknown, suite];
}

/** Code that needs some columns says which. */
export function takesSome(clients: LiveTable<Client>, orders: LiveTable<Order>, any: MemTable): void {
  named(clients);
  // @ts-expect-error: an order has no name
  named(orders);
  // @ts-expect-error: whether any row has a name is not known
  named(any);
  // @ts-expect-error: orders are no clients
  const other: LiveTable<Client> = orders;
  return void other;
}

/** Code with a type parameter of its own. */
export async function parametric<R extends object>(table: TableLike<R>, id: string): Promise<Rows<R>> {
  await anyTable(table);
  const row: RowOf<R> | undefined = await table.getValue(id);
  const any: Row | undefined = row;
  if (row !== undefined) await table.replaceValue(id, row);
  const live = new LiveTable(table, "any", new MemCache());
  same<typeof live, LiveTable<R>>(true);
  const untyped: LiveTable = live;
  const record: ActiveRecord | undefined = await live.getValueRecord(id);
  const entries: Rows = await live.listValues();
  void [any, untyped, record, entries];
  return await table.withQuery({}).listValues();
}

/** A table of what somebody else lists. */
export function listed<R extends object>(name: string, list: () => Promise<R[]>): Table<R> {
  return defineTable<R>({ name, list });
}

/** A table of a class of its own, and one that extends it. */
export class CountedTable<R extends object = Row> extends Table<R> {
  #reads = 0;

  constructor(source: TableSource<R>, query?: Query) {
    super(source, query);
  }

  override async listValues(): Promise<Rows<R>> {
    this.#reads++;
    return await super.listValues();
  }

  get reads(): number {
    return this.#reads;
  }
}

/** What a class that was written before rows had types looks like. */
export class UntypedSource implements TableSource {
  readonly name = "untyped";

  list(): [string, Row][] {
    return [];
  }

  patch(_id: string, partial: Row): Row {
    return partial;
  }
}

/** Both are tables like any others. */
export function tables(counted: CountedTable<Client>): void {
  void anyTable(counted);
  named(counted);
  const untyped: CountedTable = counted;
  same<ReturnType<typeof counted.where>, Table<Client>>(true);
  const table: Table = defineTable(new UntypedSource());
  return void [untyped, table];
}
