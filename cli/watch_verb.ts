import type { LiveEvent, Query } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { Interruption } from "./interruption.ts";
import { pageOf, queryOf, selectingFlags } from "./list_verb.ts";
import { Notes } from "./notes.ts";
import { OpenedStream } from "./opened_stream.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { Watcher } from "./watcher.ts";
import { onTable, type Wiring } from "./wiring.ts";

const DEFAULT_LIMIT = 1_000;
const MAX_CHANGES = 1_000_000;

export const watchVerb: Verb = {
  name: "watch",
  words: ["[column=value ...]"],
  most: 0,
  summary: "print changes of the rows made by others, until Ctrl-C",
  details: [
    "Subscribes to a server's events, listens to PostgreSQL or SurrealDB, or checks a file ten times a second. A row that",
    "an event names is read again alone; after any other change the page is. Each line says how its row was received.",
    "While a server is unreachable it serves from the cache; once reconnected, it prints what it missed.",
    "With --json, each line is a document.",
  ],
  flags: [
    { name: "changes", value: "<n>", help: "end after this many changed rows" },
    ...selectingFlags(DEFAULT_LIMIT),
    ...TABLE_FLAGS,
    ...COMMON_FLAGS,
  ],
  async run(args: Arguments, context: Context): Promise<Answer> {
    const most = args.whole("changes", { max: MAX_CHANGES }) ?? Infinity;
    const pagination = pageOf(args, DEFAULT_LIMIT);
    const notes = new Notes();
    using interruption = new Interruption();
    return await onTable(args, context, {
      needsMaster: true,
      check: (table) => queryOf(args, table, pagination),
      streamOf: (master, entity) => OpenedStream.open(master, entity, { notes, tracer: context.tracer }),
      run: (wiring, query) => watch(wiring, query, { notes, most, out: context.out, signal: interruption.signal }),
    });
  },
};

interface Watching {
  readonly notes: Notes;
  readonly most: number;
  readonly out: Context["out"];
  readonly signal: AbortSignal;
}

async function watch(wiring: Wiring, query: Query, { notes, most, out, signal }: Watching): Promise<Answer> {
  const watcher = new Watcher({ wiring, handle: wiring.live.withQuery(query), notes, out });
  void noteChanges(wiring.live.events.subscribe({ signal }), notes);
  let seen = 0;
  for await (const happened of notes.follow(signal)) {
    seen += await watcher.update(happened);
    if (seen >= most) break;
  }
  return {};
}

async function noteChanges(events: ReadableStream<LiveEvent>, notes: Notes): Promise<void> {
  for await (const _ of events) notes.change();
}
