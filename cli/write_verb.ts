import { NotFoundError, type Row, TableError, type TableLike, type WriteAnswer, type WriteOp } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { messageOf, writing } from "./bad_input.ts";
import { Draining } from "./draining.ts";
import { idWord } from "./id_word.ts";
import { type Json, rowToJson } from "./json_form.ts";
import { DEFAULT_LIMIT } from "./list_verb.ts";
import { type Output, paint } from "./output.ts";
import { lastEffect } from "./page_effects.ts";
import { printRow } from "./row_view.ts";
import { formatMs, round } from "./timed_reads.ts";
import {
  type Answer,
  COMMON_FLAGS,
  type Context,
  FAULT,
  NO_SUCH_ROW,
  OFFLINE_FLAG,
  TABLE_FLAGS,
  type Verb,
} from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

/** The result of a write. */
export type WriteOutcome = "added" | "kept" | "patched" | "deleted" | "absent";

const REMARKS: { readonly [outcome in WriteOutcome]: string } = {
  added: "",
  kept: ", which existed already: nothing was overwritten",
  patched: "",
  deleted: "",
  absent: ", which did not exist",
};

/** In what one verb that writes a row differs from another. */
export interface WriteForm extends Pick<Verb, "name" | "words" | "most" | "summary" | "details"> {
  /** The operation on the row `id`, of the words after it, which it checks. */
  readonly op: (id: string, words: readonly string[], table: TableLike) => WriteOp;
  /** The outcome, given the row from before the write. */
  readonly outcome: (before: Row | undefined) => WriteOutcome;
}

/** A write through the queue. */
interface WriteCall {
  readonly verb: string;
  readonly id: string;
  readonly outcome: WriteForm["outcome"];
  readonly op: WriteOp;
}

/** A verb that writes a row: through the queue, or with `--offline` into the outbox. */
export function writeVerb({ op, outcome, ...described }: WriteForm): Verb {
  return {
    ...described,
    flags: [OFFLINE_FLAG, ...TABLE_FLAGS, ...COMMON_FLAGS],
    run(args: Arguments, context: Context): Promise<Answer> {
      const verb = described.name;
      const id = idWord(verb, args.words);
      return onTable(args, context, {
        ...(args.has("offline") ? { outbox: "accept" } : { needsMaster: true }),
        check: (table) => op(id, args.words.slice(1), table),
        run: (wiring, checked) => runWrite(wiring, { verb, id, outcome, op: checked }, context),
      });
    },
  };
}

/** Sends a write, or accepts it into the outbox, where that is open. */
async function runWrite(wiring: Wiring, call: WriteCall, context: Context): Promise<Answer> {
  if (wiring.stored !== undefined) return await acceptWrite(wiring, call, context.out);
  const { waiting } = await new Draining(wiring.places, context).run();
  if (waiting === 0) return await sendWrite(wiring, call, context.out);
  const { verb, id } = call;
  const { entity } = wiring.places;
  context.out.error(
    `demo: ${waiting} writes of ${entity} wait before this one, and were not sent; nothing was changed. ` +
      "With --offline it waits behind them",
  );
  return { document: { verb, entity, id, outcome: "refused", waiting }, exitCode: FAULT };
}

/** Accepts a write into the outbox, and prints its id. */
async function acceptWrite({ live, places }: Wiring, { verb, id, op }: WriteCall, out: Output): Promise<Answer> {
  const { entity, outbox } = places;
  const startedAt = performance.now();
  const write = live.enqueue(op);
  try {
    await write.accepted;
  } catch (error) {
    write.cancel();
    out.error(`demo: the outbox ${JSON.stringify(outbox)} did not accept it: ${messageOf(error)}`);
    return { document: { verb, entity, id, outcome: "refused" }, exitCode: FAULT };
  }
  const ms = performance.now() - startedAt;
  out.line(
    paint("yellow", "pending"),
    ` ${formatMs(ms)}  ${verb} ${JSON.stringify(id)} of ${entity}; it waits in ${outbox}, as write ${write.id}`,
  );
  return { document: { verb, entity, id, outcome: "pending", ms: round(ms), write: write.id } };
}

/** Sends a write, and prints its outcome and the time from the call to the master's answer. */
async function sendWrite({ master, live, places }: Wiring, call: WriteCall, out: Output): Promise<Answer> {
  const { verb, id } = call;
  const { entity } = places;
  const before = await master.getValue(id);
  const startedAt = performance.now();
  try {
    const row = rowIn(await writing(() => live.enqueue(call.op).applied));
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

function rowIn(answer: WriteAnswer): Row | undefined {
  return typeof answer === "object" ? answer : undefined;
}

function rowOrNull(row: Row | undefined): Json {
  return row === undefined ? null : rowToJson(row);
}
