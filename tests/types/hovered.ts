/** What an editor is asked about, by name: compiled, never run. */
import { defineTable, LiveTable, MemCache, MemTable } from "@vantage/live";
import { type Client, MARTY } from "./client.ts";

const table = defineTable<Client>({ name: "clients", list: () => [MARTY] });
const live = new LiveTable(table, "clients", new MemCache());
const narrowed = live.where("age", "gt", 3).where({ name: "Marty" }).orderBy("age");
const rows = await live.listValues();
const row = await live.getValue("marty");
const patched = await live.patchValue("marty", { age: 3 });
const inserted = await live.insertValue("marty", MARTY);
const first = rows.first();
const tags = patched.tags;
const record = await live.getValueRecord("marty");
const data = record?.data;
const write = live.enqueue({ kind: "patch", id: "marty", partial: { age: 3 } });
const applied = await write.applied;
const peeked = live.peek();
const observer = narrowed.observe();
const snapshot = observer.getSnapshot();
const snapshots = live.watch();
const memory = new MemTable("any");
const any = await memory.where("a", "eq", 1).getValue("a");

void [peeked, snapshot, snapshots, narrowed, row, inserted, first, tags, data, applied, any];
