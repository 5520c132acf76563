import type { Tracer } from "@vantage/live";
import type { Arguments, Flag } from "./args.ts";
import type { Json } from "./json_form.ts";
import type { Output } from "./output.ts";

/** What a verb works with besides its arguments. */
export interface Context {
  readonly out: Output;
  /** Where traces go, if anybody asked for them. */
  readonly tracer: Tracer | undefined;
}

/** What a verb answers. */
export interface Answer {
  /** The answer for programs, unless that has been told line by line. */
  readonly document?: { readonly [name: string]: Json | undefined } | undefined;
  /** The exit code; default 0. */
  readonly exitCode?: number | undefined;
}

/** One thing that the demo does. */
export interface Verb {
  /** The word that asks for it; empty for what is done without one. */
  readonly name: string;
  /** The words after the verb, as in `<id>`; a last one that ends in `...` may be repeated. */
  readonly words: readonly string[];
  /** How many words it takes at the most; default as many as are named. */
  readonly most?: number | undefined;
  /** What it does, in one line. */
  readonly summary: string;
  /** What else there is to know, line by line. */
  readonly details: readonly string[];
  /** Its flags. */
  readonly flags: readonly Flag[];
  /** Does it. */
  run(args: Arguments, context: Context): Promise<Answer>;
}

/** The exit code for a row that is not there. */
export const NO_SUCH_ROW = 1;
/** The exit code for what is nobody's mistake. */
export const FAULT = 1;

/** Flags of every verb. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: "json", help: "print the answer as one JSON document" },
  { name: "debug", help: "print traces to standard error; VANTAGE_LOG=vantage_live=trace says how many" },
  { name: "help", help: "print this, as does -h" },
  { name: "version", help: "print the version" },
];

/** Flags of every verb that works on a table. */
export const TABLE_FLAGS: readonly Flag[] = [
  { name: "entity", value: "<table>", help: "the table; default products" },
  {
    name: "master",
    value: "<file>|http://...",
    help: "who owns the truth: a database, or a server; default .vantage-demo/master.sqlite",
  },
  {
    name: "cache",
    value: "mem|none|kv|kv:<file>|<file>",
    help: "where rows are kept; kv is Deno's; default .vantage-demo/cache.sqlite",
  },
  { name: "no-cache", help: "keep rows nowhere, as --cache none does" },
];
