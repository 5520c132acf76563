/** Rows of every other kind of type: compiled, never run. */
import { LiveTable, MemCache, type Table, type TableLike, type Value } from "@vantage/live";
import { same } from "./equal.ts";

declare function anyTable(table: TableLike): void;

interface Tree {
  id: string;
  parent?: Tree;
  children: Tree[];
}

/** Rows within rows, without end. */
export async function recursive(trees: Table<Tree>): Promise<void> {
  anyTable(trees);
  const live = new LiveTable(trees, "trees", new MemCache()).where("id", "eq", "a").where("parent", "isNull");
  await live.insertValue("a", { id: "a", children: [{ id: "b", children: [] }] });
  const id: string | undefined = (await live.getValue("a"))?.children[0]?.parent?.children[0]?.id;
  return void id;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Documents, whose type refers to itself. */
export async function documents(table: Table<{ id: string; data: Json }>): Promise<void> {
  anyTable(table);
  table.where("data", "eq", { a: [1, { b: null }] }).where("id", "in", ["a"]);
  await table.patchValue("a", { data: [1, [2]] });
  // @ts-expect-error: a date is no document
  await table.patchValue("a", { data: new Date() });
}

type Shape = { kind: "circle"; radius: number } | { kind: "square"; side: number };

/** Rows of one of several types. */
export async function unions(shapes: Table<Shape>): Promise<void> {
  anyTable(shapes);
  shapes.where("kind", "eq", "circle");
  await shapes.insertValue("a", { kind: "circle", radius: 3 });
  const shape = await shapes.getValue("a");
  const size: number = shape?.kind === "circle" ? shape.radius : shape?.side ?? 0;
  // @ts-expect-error: a circle has no side
  await shapes.insertValue("a", { kind: "circle", side: 3 });
  return void size;
}

interface Indexed {
  id: string;
  [column: string]: Value;
}

/** Rows with columns that are known, and others. */
export async function indexed(table: Table<Indexed>, records: Table<Record<string, unknown>>): Promise<void> {
  anyTable(table);
  anyTable(records);
  table.where("id", "eq", "a").where("other", "gt", 3);
  records.where("other", "gt", 3);
  const id: string | undefined = (await table.getValue("a"))?.id;
  const value: Value | undefined = (await records.getValue("a"))?.other;
  return void [id, value];
}

type Brand = string & { readonly brand: "id" };

interface Odd {
  id: Brand;
  // deno-lint-ignore no-explicit-any -- Users have such columns.
  any: any;
  object: object;
  none: null;
  never: never;
  undefined: undefined;
  template: `a-${number}`;
  record: Record<string, number>;
  bytes: Uint8Array<ArrayBuffer>;
  readonly list: readonly (number | { a?: Date })[];
  big?: bigint | null;
}

/** Columns of every other type. */
export async function odd(table: Table<Odd>, id: Brand): Promise<void> {
  anyTable(table);
  table.where("id", "eq", id).where("any", "gt", 3).where("object", "eq", [3]).where("big", "eq", null);
  table.where("record", "eq", { a: 1 }).where("template", "in", ["a-1"]).where("none", "isNull");
  const row = await table.getValue("a");
  same<NonNullable<typeof row>["object"], Value>(true);
  same<NonNullable<typeof row>["bytes"], Uint8Array<ArrayBuffer>>(true);
  same<NonNullable<typeof row>["big"], bigint | null | undefined>(true);
  // @ts-expect-error: any text is no id
  table.where("id", "eq", "a");
  // @ts-expect-error: a column that is always undefined is none
  table.where("undefined", "isNull");
}

/** A class with what cannot be seen. */
export class Secret {
  id = "";
  #hidden = 1;
  private kept = 2;
  get sum(): number {
    return this.#hidden + this.kept;
  }
}

/** Of a class, what can be seen of it. */
export async function secrets(table: Table<Secret>): Promise<void> {
  anyTable(table);
  await table.insertValue("a", { id: "a", sum: 3 });
  // @ts-expect-error: it cannot be seen
  table.where("kept", "eq", 2);
}

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type Wide = { [C in `c${Digit}${Digit}`]: C extends `c1${string}` ? string : number };

/** A hundred columns. */
export function wide(table: Table<Wide>): void {
  anyTable(table);
  table.where("c11", "eq", "a").where("c99", "gt", 3).where("c55", "in", [1]).orderBy("c00");
  // @ts-expect-error: it holds a text
  table.where("c11", "gt", 3);
  // @ts-expect-error: there is no such column
  table.where("c100", "gt", 3);
}
