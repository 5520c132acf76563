/** What typed tables take and answer: compiled, never run. */
import {
  type ActiveRecord,
  defineTable,
  type Draft,
  type LiveHandle,
  type LiveObserver,
  type LiveSnapshot,
  LiveTable,
  MemCache,
  MemTable,
  type RecordConflict,
  type Row,
  type RowEntry,
  type RowOf,
  type Rows,
  type Table,
  type TableLike,
  type TableSource,
  type Write,
  type WriteAnswer,
} from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { SqliteTable } from "@vantage/live/sqlite";
import { FaultyTable } from "@vantage/live/testing";
import { type Client, MARTY, type Order, Product } from "./client.ts";
import { same } from "./equal.ts";

declare const list: () => Promise<Client[]>;

/** The type is said once, where the table is made. */
export async function made(): Promise<void> {
  same<ReturnType<typeof defined>, Table<Client>>(true);
  same<typeof live, LiveTable<Client>>(true);
  const live = new LiveTable(defined(), "clients", new MemCache());
  const narrowed = live.where("age", "gt", 3);
  same<typeof narrowed, LiveHandle<Client>>(true);
  const orders = new MemTable<Order>("orders", { rows: [["1", { id: "1", total: 3 }]], idField: "id" });
  const liveOrders: LiveTable<Order> = new LiveTable(orders, "orders", new MemCache(), { writeTarget: orders });
  const products = new MemTable<Product>("products", { rows: [["a", new Product()]] });
  const failing: FaultyTable<Product> = new FaultyTable(products);
  const rest: Table<Client> = new RestTable<Client>("https://example.com/clients").where("age", "gt", 3);
  const served: Table<Client> = await RestTable.open<Client>("https://example.com/clients");
  const file: SqliteTable<Client> = await SqliteTable.open<Client>("clients.db", "clients");
  const past: LiveTable<Client> = new LiveTable(live, "clients", new MemCache());
  return void [liveOrders, failing, rest, served, file, past];
}

function defined(): Table<Client> {
  return defineTable<Client>({
    name: "clients",
    idField: "id",
    list,
    get: async (id) => (await list()).find((client) => client.id === id),
    insert: (_id, row) => row,
    patch: async (id, { name = "", ...others }) => ({ ...(await list())[0], ...MARTY, ...others, id, name }),
    insertReturnId: ({ name }) => name,
  });
}

/** A source is checked against the type. */
export function sources(source: TableSource<Client>): Table<Client>[] {
  const rows = async function (): Promise<RowOf<Client>[]> {
    return [...(await defined().listValues()).values()];
  };
  return [
    defineTable(source),
    defineTable<Client>({ name: "clients", idField: "id", list: rows }),
    defineTable<Client>({ name: "clients", list: () => new Promise((resolve) => resolve([["marty", MARTY]])) }),
    // @ts-expect-error: there is no such column
    defineTable<Client>({ name: "clients", idField: "ident", list }),
    // @ts-expect-error: columns are missing
    defineTable<Client>({ name: "clients", list: () => [{ id: "marty" }] }),
    // @ts-expect-error: columns are missing
    defineTable<Client>({ name: "clients", list, get: () => ({ id: "marty" }) }),
    // @ts-expect-error: columns are missing
    new MemTable<Client>("clients", { rows: [["marty", { id: "marty" }]] }),
  ];
}

/** Answers are rows of the type. */
export async function answers(table: LiveTable<Client>): Promise<void> {
  same<Awaited<ReturnType<typeof table.listValues>>, Rows<Client>>(true);
  same<Awaited<ReturnType<typeof table.getValue>>, RowOf<Client> | undefined>(true);
  same<Awaited<ReturnType<typeof table.getSomeValue>>, RowEntry<Client> | undefined>(true);
  same<Awaited<ReturnType<typeof table.patchValue>>, RowOf<Client>>(true);
  same<Awaited<ReturnType<typeof table.listValueRecords>>, ActiveRecord<Client>[]>(true);
  same<ReturnType<typeof table.streamValues>, ReadableStream<RowEntry<Client>>>(true);
  const age: number | undefined = (await table.getValue("marty"))?.age;
  // @ts-expect-error: it may be absent
  const certain: number = (await table.patchValue("marty", {})).age;
  return void [age, certain];
}

/** What is written has the columns of the type. */
export async function writes(table: LiveTable<Client>, row: RowOf<Client>): Promise<void> {
  await table.insertValue("marty", MARTY);
  await table.replaceValue("marty", { ...row, name: "Doc" });
  await table.patchValue("marty", { name: "Doc", age: 65 });
  await table.insertReturnIdValue(MARTY);
  const write: Write<Client> = table.enqueue({ kind: "patch", id: "marty", partial: { age: 3 } });
  const answer: WriteAnswer<Client> = await write.applied;
  // @ts-expect-error: there is no such column
  await table.patchValue("marty", { nmae: "Doc" });
  // @ts-expect-error: it holds a number
  await table.patchValue("marty", { age: "old" });
  // @ts-expect-error: columns are missing
  await table.insertValue("marty", { id: "marty" });
  // @ts-expect-error: columns are missing
  await table.insertReturnIdValue({ id: "marty" });
  // @ts-expect-error: there is no such column
  table.enqueue({ kind: "patch", id: "marty", partial: { nmae: "Doc" } });
  // @ts-expect-error: columns are missing
  table.enqueue({ kind: "replace", id: "marty", row: { id: "marty" } });
  return void answer;
}

/** A record's columns can be set, to values of their types. */
export function records(record: ActiveRecord<Client>): void {
  record.data.age = 3;
  delete record.data.age;
  record.data.tags = [...record.data.tags, "skateboard"];
  same<typeof record.data, Draft<Client>>(true);
  // @ts-expect-error: it holds a number
  record.data.age = "old";
  // @ts-expect-error: there is no such column
  record.data.nmae = "Doc";
  // @ts-expect-error: what a column holds is frozen
  record.data.tags.push("skateboard");
}

/** A record's changes and conflicts have the types of its columns. */
export async function edits(record: ActiveRecord<Client>, table: TableLike<Client>): Promise<void> {
  same<NonNullable<ReturnType<typeof record.changed>["age"]>["base"], number | undefined>(true);
  const { conflict } = record;
  if (conflict !== undefined) same<typeof conflict, RecordConflict<Client>>(true);
  for (const column of conflict?.columns ?? []) record.resolve("mine", column);
  record.resolve(({ base, mine, theirs }) => ({
    age: (mine.age ?? 0) + (theirs.age ?? 0) - (base.age ?? 0),
    name: mine.name,
  }));
  // @ts-expect-error: it holds a number
  record.resolve(() => ({ age: "old" }));
  // @ts-expect-error: there is no such way
  record.resolve("ours");
  // @ts-expect-error: it is read only
  record.isDirty = false;
  await table.insertValue(record.id, record.data);
  const any: ActiveRecord = record;
  void any;
}

/** Snapshots have rows of the type, and say when there are some. */
export function watched(table: LiveTable<Client>): void {
  const observer = table.where("age", "gt", 3).observe();
  same<typeof observer, LiveObserver<Client>>(true);
  same<ReturnType<typeof table.peek>, Rows<Client> | undefined>(true);
  same<ReturnType<typeof table.watch>, ReadableStream<LiveSnapshot<Client>>>(true);
  const snapshot = observer.getSnapshot();
  same<typeof snapshot, LiveSnapshot<Client>>(true);
  const age: number | undefined = snapshot.rows?.get("marty")?.age;
  if (snapshot.status === "success") {
    same<typeof snapshot.rows, Rows<Client>>(true);
    same<typeof snapshot.fetchedAt, number>(true);
  }
  if (snapshot.status === "pending") same<typeof snapshot.rows, undefined>(true);
  if (snapshot.status === "error") same<typeof snapshot.error, unknown>(true);
  const untyped: LiveObserver = observer;
  const any: LiveSnapshot = snapshot;
  // @ts-expect-error: there may be no rows
  const size: number = snapshot.rows.size;
  // @ts-expect-error: there is no such column
  const name: unknown = snapshot.rows?.get("marty")?.nmae;
  // @ts-expect-error: it is frozen
  snapshot.revision = 3;
  // @ts-expect-error: orders are no clients
  const other: LiveObserver<Order> = observer;
  return void [age, untyped, any, size, name, other];
}

/** Writes go where rows are of the type. */
export function target(clients: MemTable<Client>, orders: MemTable<Order>): LiveTable<Client>[] {
  return [
    new LiveTable(clients, "clients", new MemCache(), { writeTarget: clients }),
    // @ts-expect-error: orders are no clients
    new LiveTable(clients, "clients", new MemCache(), { writeTarget: orders }),
  ];
}

/** Without a type all is as it is with Row: what a source answers says nothing of other rows. */
export async function untyped(): Promise<void> {
  const table = defineTable({ name: "clients", idField: "id", list: () => [{ id: "marty", age: 17 }] });
  same<typeof table, Table<Row>>(true);
  same<typeof memory, MemTable<Row>>(true);
  const memory = new MemTable("clients", { rows: [["marty", { age: 17 }]] });
  const live = new LiveTable(memory, "clients", new MemCache());
  same<typeof live, LiveTable<Row>>(true);
  const waiting: Table = defineTable({ name: "clients", list: () => new Promise(() => {}) });
  const row: Row | undefined = await live.where("any", "eq", 1).getValue("marty");
  const again: ReturnType<typeof defineTable> = table;
  await live.patchValue("marty", { anything: [1, { b: null }] });
  // @ts-expect-error: a function is no value
  await live.patchValue("marty", { anything: () => 3 });
  // @ts-expect-error: nor is undefined
  await live.patchValue("marty", { anything: undefined });
  return void [waiting, row, again];
}
