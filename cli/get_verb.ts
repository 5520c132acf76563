import type { Arguments } from "./args.ts";
import { idWord } from "./id_word.ts";
import { rowToJson } from "./json_form.ts";
import type { Output } from "./output.ts";
import { printRow, printWaiting } from "./row_view.ts";
import { printReading, readingToJson } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, NO_SUCH_ROW, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

export const getVerb: Verb = {
  name: "get",
  words: ["<id>"],
  summary: "show one row",
  details: ["Exit code 1 if there is no such row. A missing row is not cached, so the next get is a miss again."],
  flags: [...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    const id = idWord("get", args.words);
    return onTable(args, context, {
      outbox: "show",
      check: () => id,
      run: (wiring) => get(wiring, id, context.out),
    });
  },
};

async function get({ live, reads, stored, places: { entity } }: Wiring, id: string, out: Output): Promise<Answer> {
  const waiting = (await stored?.shown() ?? []).filter(({ write }) => write.rowId === id);
  const reading = await reads.get(live, id);
  const row = reading.answer;
  if (row !== undefined) printRow(out, row);
  printReading(out, `row ${JSON.stringify(id)} of ${entity}`, reading);
  printWaiting(out, waiting);
  const document = {
    verb: "get",
    entity,
    id,
    ...readingToJson(reading),
    row: row === undefined ? null : rowToJson(row),
    ...(stored !== undefined && { pending: waiting.length > 0 }),
  };
  if (row !== undefined) return { document };
  out.error(`No such row: ${entity} has no ${JSON.stringify(id)}`);
  return { document, exitCode: NO_SUCH_ROW };
}
