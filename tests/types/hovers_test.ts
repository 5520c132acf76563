import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ONLY_ON_DENO } from "../package/runtimes.ts";
import { skippable } from "../skippable.ts";
import { QuickInfo } from "./quick_info.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What an editor shows of the constants in hovered.ts. */
const TYPES: Readonly<Record<string, string>> = {
  table: "Table<Client>",
  live: "LiveTable<Client>",
  narrowed: "LiveHandle<Client>",
  rows: "Rows<Client>",
  row: "RowOf<Client> | undefined",
  patched: "RowOf<Client>",
  inserted: "RowOf<Client>",
  first: "RowEntry<Client> | undefined",
  tags: "readonly string[]",
  record: "ActiveRecord<Client> | undefined",
  data: "Draft<Client> | undefined",
  write: "Write<Client>",
  applied: "WriteAnswer<Client>",
  peeked: "Rows<Client> | undefined",
  observer: "LiveObserver<Client>",
  snapshot: "LiveSnapshot<Client>",
  snapshots: "ReadableStream<LiveSnapshot<Client>>",
  memory: "MemTable<Row>",
  any: "RowOf<Row> | undefined",
};

/** What it shows of methods, by the first place in hovered.ts that they are called in. */
const METHODS: readonly (readonly [place: string, signature: string])[] = [
  ["live.where", "where(...condition: ConditionOf<Client>): LiveHandle<Client> (+1 overload)"],
  ["3).where", "where(conditions: Conditions<Client>): LiveHandle<Client> (+1 overload)"],
  [".orderBy", 'orderBy(column: ColumnName<Client>, direction?: "asc" | "desc"): LiveHandle<Client>'],
  [".listValues", "listValues(options?: CallOptions): Promise<Rows<Client>>"],
  [".patchValue", "patchValue(id: string, partial: PatchOf<Client>, options?: WriteOptions): Promise<RowOf<Client>>"],
  [".enqueue", "enqueue(op: WriteOp<Client>, options?: WriteOptions): Write<Client>"],
];

describe("What an editor shows of typed tables", () => {
  let asked: QuickInfo | undefined;
  const editor = (): QuickInfo => asked ??= new QuickInfo(ROOT, "tests/types/hovered.ts");

  skippable("names types, and does not write them out", ONLY_ON_DENO, () => {
    assert.deepEqual(editor().problems(), []);
    const shown = Object.keys(TYPES).map((
      name,
    ) => [name, editor().of(`const ${name} `).split(": ").slice(1).join(": ")]);
    assert.deepEqual(Object.fromEntries(shown), TYPES);
  });

  skippable("names the parameters of methods and what they answer", ONLY_ON_DENO, () => {
    for (const [place, signature] of METHODS) {
      const shown = editor().of(place);
      assert(shown.endsWith(`.${signature}`), shown);
    }
  });

  skippable("offers the names of columns, and operators", ONLY_ON_DENO, () => {
    assert.deepEqual(editor().offeredAfter('where("').sort(), [
      "address",
      "age",
      "balance",
      "born",
      "city",
      "id",
      "isActive",
      "name",
      "photo",
      "status",
      "tags",
    ]);
    assert(editor().offeredAfter('"age", "').includes("notIn"));
  });
});
