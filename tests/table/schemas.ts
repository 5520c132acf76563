/** The same schemas by three libraries, and one written out. */
import type { StandardSchema } from "@vantage/live";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

/** What a product is: a name without spaces around it, a price, and perhaps a note. */
export interface Product {
  name: string;
  price: number;
  note?: string | undefined;
}

/** A library, and what it does with columns that a schema does not name. */
export interface Library {
  readonly library: string;
  readonly product: StandardSchema<Product>;
  /** Prices are written as text and read as numbers. */
  readonly priced: StandardSchema<{ name: string; price: string }, { name: string; price: number }>;
  /** The least is below the most. */
  readonly range: StandardSchema<{ least: number; most: number }>;
  /** Without other columns. */
  readonly strict: StandardSchema<{ name: string }>;
  /** Columns that it does not name are kept. */
  readonly loose: StandardSchema<{ name: string; note?: string | undefined }>;
}

/** The libraries. */
export const LIBRARIES: readonly Library[] = [
  {
    library: "zod",
    product: z.object({ name: z.string().trim(), price: z.number(), note: z.string().optional() }),
    priced: z.object({ name: z.string().trim(), price: z.string().transform(Number) }),
    range: z.object({ least: z.number(), most: z.number() }).refine(({ least, most }) => least < most),
    strict: z.strictObject({ name: z.string() }),
    loose: z.looseObject({ name: z.string(), note: z.string().optional() }),
  },
  {
    library: "valibot",
    product: v.object({ name: v.pipe(v.string(), v.trim()), price: v.number(), note: v.optional(v.string()) }),
    priced: v.object({ name: v.pipe(v.string(), v.trim()), price: v.pipe(v.string(), v.transform(Number)) }),
    range: v.pipe(
      v.object({ least: v.number(), most: v.number() }),
      v.check(({ least, most }) => least < most),
    ),
    strict: v.strictObject({ name: v.string() }),
    loose: v.looseObject({ name: v.string(), note: v.optional(v.string()) }),
  },
  {
    library: "arktype",
    product: type({ name: "string.trim", price: "number", "note?": "string | undefined" }),
    priced: type({ name: "string.trim", price: type("string").pipe(Number) }),
    range: type({ least: "number", most: "number" }).narrow(({ least, most }) => least < most),
    strict: type({ name: "string", "+": "reject" }),
    loose: type({ name: "string", "note?": "string | undefined" }),
  },
];

/** A schema that counts what it checks, and answers at once or later. */
export interface CountedSchema<Input, Output> extends StandardSchema<Input, Output> {
  /** How many values it has checked. */
  readonly count: number;
}

/** The same schema, which counts what it checks. */
export function counted<I, O>(schema: StandardSchema<I, O>, isLater = false): CountedSchema<I, O> {
  let count = 0;
  const { validate, ...standard } = schema["~standard"];
  return {
    get count(): number {
      return count;
    },
    "~standard": {
      ...standard,
      version: 1,
      vendor: "counted",
      validate: (value) => {
        count++;
        return isLater ? Promise.resolve().then(() => validate(value)) : validate(value);
      },
    },
  };
}
