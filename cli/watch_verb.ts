import type { LiveEvent, LiveStream, Query } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import type { Arguments } from "./args.ts";
import { FileChanges } from "./file_changes.ts";
import { Interruption } from "./interruption.ts";
import { pageOf, queryOf, selectingFlags } from "./list_verb.ts";
import { Notes } from "./notes.ts";
import { eventsUrl, type MasterPlace } from "./places.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { Watcher } from "./watcher.ts";
import { onTable, type Wiring } from "./wiring.ts";

const DEFAULT_LIMIT = 1_000;
const MAX_CHANGES = 1_000_000;

/** Tells what others change. */
export const watchVerb: Verb = {
  name: "watch",
  words: ["[column=value ...]"],
  most: 0,
  summary: "tell what becomes of the rows while others change them, until Ctrl-C",
  details: [
    "Of a server it hears by its events, of a file by looking at it ten times a second; then it reads the page anew.",
    "While a server is away it says so, and goes on with what is cached; once it is back, it says what it missed.",
    "With --json, each line is a document.",
  ],
  flags: [
    { name: "changes", value: "<n>", help: "end when so many rows were seen to change" },
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
      streamOf: (master, entity) => streamOf(master, entity, { notes, tracer: context.tracer }),
      run: (wiring, query) => watch(wiring, query, { notes, most, out: context.out, signal: interruption.signal }),
    });
  },
};

function streamOf(
  master: MasterPlace,
  entity: string,
  { notes, tracer }: { readonly notes: Notes; readonly tracer: Context["tracer"] },
): LiveStream {
  if (master.kind === "server") {
    return new SseLiveStream(eventsUrl(entity, master), { onState: (state) => notes.state(state), tracer });
  }
  notes.state("live");
  return new FileChanges(master.path);
}

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
    seen += await watcher.hear(happened);
    if (seen >= most) break;
  }
  return {};
}

async function noteChanges(events: ReadableStream<LiveEvent>, notes: Notes): Promise<void> {
  for await (const _ of events) notes.change();
}
