import { type LiveEvent, type LiveTable, ManualLiveStream } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { OpenedStream } from "./opened_stream.ts";
import { runUntilEvent } from "./received_event.ts";
import { DEFAULT_LIMIT, describePage } from "./list_verb.ts";
import { type Output, paint } from "./output.ts";
import { changesToJson, lastEffect } from "./page_effects.ts";
import { formatMs, printReading, readingToJson, round } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

/** Shows what the next read costs after an event. */
export const eventThenListVerb: Verb = {
  name: "event-then-list",
  words: [],
  summary: "list, list, push an event as if another client had changed the data, and list again",
  details: [
    "A new subscriber may have missed earlier changes, so the first list is a miss,",
    "and the second a hit. After an event that names no row, the page is read again;",
    "after one that names a row of the page, this row alone.",
  ],
  flags: [
    { name: "id", value: "<id>", help: "the event says that this row was updated; default: that something changed" },
    ...TABLE_FLAGS,
    ...COMMON_FLAGS,
  ],
  run(args: Arguments, context: Context): Promise<Answer> {
    const id = args.text("id");
    if (id === "") throw new BadInput("--id needs a non-empty id");
    const stream = new ManualLiveStream();
    const event: LiveEvent = id === undefined ? { kind: "changed" } : { kind: "updated", id };
    return onTable(args, context, {
      streamOf: () => Promise.resolve(new OpenedStream(stream)),
      check: () => event,
      run: (wiring) => listAroundEvent(wiring, { stream, event }, context.out),
    });
  },
};

async function listAroundEvent(
  { live, reads, places: { entity } }: Wiring,
  { stream, event }: { readonly stream: ManualLiveStream; readonly event: LiveEvent },
  out: Output,
): Promise<Answer> {
  const page = live.page(1, DEFAULT_LIMIT);
  const list = async (): Promise<ReturnType<typeof readingToJson>> => {
    const reading = await reads.list(page);
    printReading(out, `list: ${describePage(page, reading)}`, reading);
    return readingToJson(reading);
  };
  const before = [await list(), await list()];
  const pushMs = await push(live, stream, event);
  const explanation = await live.explain(page.listCacheKey);
  const about = event.kind === "changed" ? "" : ` ${JSON.stringify(event.id)}`;
  out.line(
    paint("cyan", "EVENT"),
    `${formatMs(pushMs).padStart(10)}  ${event.kind}${about}: ${lastEffect(explanation)}`,
  );
  const after = await list();
  return {
    document: {
      verb: "event-then-list",
      entity,
      event: { ...event, row: undefined },
      changes: changesToJson(explanation.changes),
      before,
      after,
      eventMs: round(pushMs),
    },
  };
}

async function push(live: LiveTable, stream: ManualLiveStream, event: LiveEvent): Promise<number> {
  const startedAt = performance.now();
  await runUntilEvent(live, () => stream.push(event));
  return performance.now() - startedAt;
}
