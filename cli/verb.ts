import type { Tracer } from "@vantage/live";
import type { Arguments, Flag } from "./args.ts";
import type { Json } from "./json_form.ts";
import type { Output } from "./output.ts";

/** What a verb works with besides its arguments. */
export interface Context {
  readonly out: Output;
  /** Receives traces, if they were requested. */
  readonly tracer: Tracer | undefined;
}

/** The result of a verb. */
export interface Answer {
  /** The result as JSON, unless it was printed line by line. */
  readonly document?: { readonly [name: string]: Json | undefined } | undefined;
  /** The exit code; default 0. */
  readonly exitCode?: number | undefined;
}

/** A command of the demo. */
export interface Verb {
  /** Its name; empty for the command that runs without a verb. */
  readonly name: string;
  /** The words after the verb, as in `<id>`; a last one that ends in `...` may be repeated. */
  readonly words: readonly string[];
  /** The most words it takes; default as many as are named. */
  readonly most?: number | undefined;
  /** A description in one line. */
  readonly summary: string;
  /** Further description, line by line. */
  readonly details: readonly string[];
  /** The flags it accepts. */
  readonly flags: readonly Flag[];
  /** Runs the verb. */
  run(args: Arguments, context: Context): Promise<Answer>;
}

/** The exit code for a missing row, or a missing write. */
export const NO_SUCH_ROW = 1;
/** The exit code for an unexpected fault. */
export const FAULT = 1;

/** Flags of every verb. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: "json", help: "print the answer as one JSON document" },
  { name: "debug", help: "print traces to standard error; VANTAGE_LOG=vantage_live=trace filters them" },
  { name: "help", help: "print this, also with -h" },
  { name: "version", help: "print the version" },
];

/** Flags of every verb that works on a table. */
export const TABLE_FLAGS: readonly Flag[] = [
  { name: "entity", value: "<table>", help: "the table; default products" },
  {
    name: "master",
    value: "<file>|http://...|postgres://...|surrealdb://...",
    help: "the owner of the data: a database, or a server; default .vantage-demo/master.sqlite",
  },
  {
    name: "cache",
    value: "mem|none|kv|kv:<file>|redis://<host>|<file>",
    help: "where rows are cached; kv is Deno's; default .vantage-demo/cache.sqlite",
  },
  { name: "no-cache", help: "cache nothing, as with --cache none" },
  { name: "outbox", value: "<file>", help: "where writes wait; default .vantage-demo/outbox.sqlite" },
];

/** A flag of every verb that writes. */
export const OFFLINE_FLAG: Flag = {
  name: "offline",
  help: "accept the write into the outbox, without asking the master; demo writes drain sends it",
};

/** A line of help for every verb that writes. */
export const OFFLINE_DETAIL =
  "Writes that wait in the outbox are sent first; with --offline, this one waits there, too.";
