import { describe } from "../base/describe.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";

/**
 * A schema of any library that keeps to Standard Schema, such as zod, valibot and arktype. The interface is written out
 * here, as its authors advise, so that there is nothing to install: https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** All that is known of it. */
  readonly "~standard": {
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value, at once or later. */
    readonly validate: (value: unknown) => MaybePromise<SchemaResult<Output>>;
    /** For the compiler alone; at run time it is absent. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers: what it makes of the value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Something that is wrong with a value. */
export interface SchemaIssue {
  /** What it is, in the library's words. */
  readonly message: string;
  /** Where it is: keys, or objects that hold them. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A schema whose output can be a row. */
export type RowSchema = StandardSchema<unknown, object>;

/** What a schema takes: what is written. */
export type InferInput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["input"];

/** What a schema makes of it: what is read. */
export type InferOutput<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"];

/**
 * Refuses what is no schema. One of arktype is a function.
 *
 * @throws {TypeError} that names what was given.
 */
export function checkSchema(schema: StandardSchema): void {
  const isHolder = (typeof schema === "object" && schema !== null) || typeof schema === "function";
  const standard: unknown = isHolder && "~standard" in schema ? schema["~standard"] : undefined;
  if (
    typeof standard === "object" && standard !== null && Reflect.get(standard, "version") === 1 &&
    typeof Reflect.get(standard, "validate") === "function"
  ) return;
  throw new TypeError(
    `typed() takes a Standard Schema, such as those of zod, valibot and arktype, got ${describe(schema)}`,
  );
}
