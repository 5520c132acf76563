/** What TypeScript must know and refuse if the types that users get are real: compiled, never run. */
import { defineTable, LiveTable, MemCache, NoCache, type Row, type RowEntry, type Rows } from "@vantage/live";

const master = defineTable({ name: "products", idField: "id", list: () => [{ id: "a", price: 2 }] });
const table = new LiveTable(master, "products", new MemCache({ maxEntries: 10 }), { staleTimeMs: 1_000 });

export async function known(): Promise<number> {
  const rows: Rows = await table.where("price", "gte", 1).orderBy("price", "desc").page(2, 20).listValues();
  const some: RowEntry | undefined = await table.getSomeValue();
  const patched: Row = await table.patchValue("a", { price: 3 });
  const write = table.enqueue({ kind: "delete", id: "a" });
  return rows.size + (some?.[0].length ?? 0) + Object.keys(patched).length + write.id.length;
}

export async function refused(): Promise<void> {
  // @ts-expect-error: a LiveTable has a cache
  new LiveTable(master, "products");
  // @ts-expect-error: there is no such option
  new LiveTable(master, "products", new NoCache(), { staleTime: 1_000 });
  // @ts-expect-error: a source can be listed
  defineTable({ name: "products" });
  // @ts-expect-error: there is no such operator
  table.where("price", "like", 3);
  // @ts-expect-error: a page is a number
  table.page("2");
  // @ts-expect-error: a patch has values
  table.enqueue({ kind: "patch", id: "a" });
  // @ts-expect-error: a function is no value
  await table.patchValue("a", { price: () => 3 });
  // @ts-expect-error: rows have no mutators
  (await table.listValues()).set("a", {});
  // @ts-expect-error: a column may be absent, or hold something else
  const name: string = (await table.getValue("a"))?.name;
  // @ts-expect-error: a row is not written to
  (await table.patchValue("a", {})).name = name;
}
