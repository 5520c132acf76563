/** What typed sets take and answer, with schemas of three libraries: compiled, never run. */
import type {
  ActiveRecord,
  InferInput,
  InferOutput,
  LiveHandle,
  LiveTable,
  RowEntry,
  RowOf,
  Rows,
  StandardSchema,
  Table,
  TypedSet,
} from "@vantage/live";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { type Flat, same } from "./equal.ts";

const byZod = z.object({ name: z.string(), price: z.string().transform(Number), vip: z.boolean().default(false) });
const byValibot = v.object({
  name: v.string(),
  price: v.pipe(v.string(), v.transform(Number)),
  vip: v.optional(v.boolean(), false),
});
const byArktype = type({ name: "string", price: type("string").pipe(Number), vip: "boolean = false" });

interface Input {
  name: string;
  price: string;
  vip?: boolean | undefined;
}
interface Output {
  name: string;
  price: number;
  vip: boolean;
}

/** Every handle has it, whatever the type of its rows. */
export function handles(table: Table, live: LiveTable, narrowed: LiveHandle<{ name: string }>): unknown[] {
  const set: TypedSet<typeof byZod> = table.typed(byZod);
  same<typeof set, ReturnType<typeof live.typed<typeof byZod>>>(true);
  return [set, live.typed(byValibot), narrowed.typed(byArktype), live.typed(byZod, { onInvalidRow: "drop" })];
}

/** The types of a schema are those that its library infers. */
export function inferred(): void {
  same<InferInput<typeof byZod>, z.input<typeof byZod>>(true);
  same<InferOutput<typeof byZod>, z.output<typeof byZod>>(true);
  same<InferOutput<typeof byZod>, Output>(true);
  same<Flat<InferOutput<typeof byValibot>>, Output>(true);
  same<Flat<InferOutput<typeof byArktype>>, Output>(true);
}

/** Reads have the type of the output. */
export async function reads(table: LiveTable): Promise<void> {
  const set = table.typed(byZod);
  same<Awaited<ReturnType<typeof set.list>>, Rows<Output>>(true);
  same<Awaited<ReturnType<typeof set.get>>, RowOf<Output> | undefined>(true);
  same<Awaited<ReturnType<typeof set.getSome>>, RowEntry<Output> | undefined>(true);
  same<Awaited<ReturnType<typeof set.getEntity>>, ActiveRecord<Output> | undefined>(true);
  same<Awaited<ReturnType<typeof set.listEntities>>, ActiveRecord<Output>[]>(true);
  const prices: (number | undefined)[] = [
    (await table.typed(byValibot).get("a"))?.price,
    (await table.typed(byArktype).get("a"))?.price,
  ];
  // @ts-expect-error: it is a number once it is read
  const text: string | undefined = (await set.get("a"))?.price;
  // @ts-expect-error: there is no such column
  void (await set.get("a"))?.prise;
  return void [prices, text];
}

/** Writes have the type of the input. */
export async function writes(table: LiveTable, row: Input): Promise<void> {
  for (const set of [table.typed(byZod), table.typed(byZod, { onInvalidRow: "keep" })]) {
    const answer: RowOf<Output> = await set.insert("a", row);
    await set.replace("a", { name: "Bun", price: "2" });
    await set.patch("a", { price: "2" });
    const id: string = await set.insertReturnId(row);
    // @ts-expect-error: it is a text when it is written
    await set.insert("a", { name: "Bun", price: 2 });
    // @ts-expect-error: a column is missing
    await set.replace("a", { name: "Bun" });
    // @ts-expect-error: there is no such column
    await set.patch("a", { prise: "2" });
    // @ts-expect-error: it is a text when it is written
    await set.patch("a", { price: 2 });
    void [answer, id];
  }
  await table.typed(byValibot).insert("a", row);
  await table.typed(byArktype).insert("a", { name: "Bun", price: "2" });
  // @ts-expect-error: it is a text when it is written
  await table.typed(byArktype).insert("a", { name: "Bun", price: 2 });
}

/** What is no schema of rows does not compile. */
export function refused(table: LiveTable, schema: StandardSchema<Input, Output>): unknown[] {
  return [
    table.typed(schema),
    // @ts-expect-error: no schema
    table.typed({}),
    // @ts-expect-error: no schema
    table.typed(undefined),
    // @ts-expect-error: texts are no rows
    table.typed(z.string()),
    // @ts-expect-error: no such way
    table.typed(byZod, { onInvalidRow: "warn" }),
    // @ts-expect-error: no such option
    table.typed(byZod, { onInvalid: "drop" }),
  ];
}
