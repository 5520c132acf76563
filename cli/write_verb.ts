import { NotFoundError, type Row, TableError } from "@vantage/live";
import { writing } from "./bad_input.ts";
import { type Json, rowToJson } from "./json_form.ts";
import { DEFAULT_LIMIT } from "./list_verb.ts";
import { type Output, paint } from "./output.ts";
import { lastEffect } from "./page_effects.ts";
import { printRow } from "./row_view.ts";
import { formatMs, round } from "./timed_reads.ts";
import { type Answer, FAULT, NO_SUCH_ROW } from "./verb.ts";
import type { Wiring } from "./wiring.ts";

/** The result of a write. */
export type WriteOutcome = "added" | "kept" | "patched" | "deleted" | "absent";

const REMARKS: { readonly [outcome in WriteOutcome]: string } = {
  added: "",
  kept: ", which existed already: nothing was overwritten",
  patched: "",
  deleted: "",
  absent: ", which did not exist",
};

/** A write through the queue. */
export interface WriteCall {
  readonly verb: string;
  readonly id: string;
  /** The outcome, given the row from before the write. */
  readonly outcome: (before: Row | undefined) => WriteOutcome;
  /** Sends the write; resolves with the stored row, if any. */
  readonly write: () => Promise<Row | void>;
}

/** Sends a write, and prints its outcome and the time from the call to the master's answer. */
export async function runWrite({ master, live, places }: Wiring, call: WriteCall, out: Output): Promise<Answer> {
  const { verb, id } = call;
  const { entity } = places;
  const before = await master.getValue(id);
  const startedAt = performance.now();
  try {
    const row = await writing(call.write);
    const ms = performance.now() - startedAt;
    const outcome = call.outcome(before);
    if (outcome === "kept") {
      out.line(`Row ${JSON.stringify(id)} of ${entity} exists already and was not changed:`);
    }
    if (row !== undefined) printRow(out, row);
    out.line(
      paint("cyan", outcome),
      ` ${formatMs(ms)}  row ${JSON.stringify(id)} of ${entity}${REMARKS[outcome]}`,
      `; ${lastEffect(await live.explain(live.page(1, DEFAULT_LIMIT).listCacheKey))}`,
    );
    return { document: { verb, entity, id, outcome, ms: round(ms), row: rowOrNull(row) } };
  } catch (error) {
    if (error instanceof NotFoundError) {
      out.error(`No such row: ${entity} has no ${JSON.stringify(id)}; nothing was changed`);
      return { document: { verb, entity, id, outcome: "missing", row: null }, exitCode: NO_SUCH_ROW };
    }
    if (error instanceof TableError && error.effect === "unknown") {
      out.error(`demo: ${error.message}; it may have been applied nevertheless`);
      return { document: { verb, entity, id, outcome: "unknown", row: null }, exitCode: FAULT };
    }
    throw error;
  }
}

function rowOrNull(row: Row | void): Json {
  return row === undefined ? null : rowToJson(row);
}
