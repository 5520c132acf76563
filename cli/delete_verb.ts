import type { Arguments } from "./args.ts";
import { idWord } from "./id_word.ts";
import {
  type Answer,
  COMMON_FLAGS,
  type Context,
  OFFLINE_DETAIL,
  OFFLINE_FLAG,
  TABLE_FLAGS,
  type Verb,
} from "./verb.ts";
import { onTable } from "./wiring.ts";
import { runWrite, writeTask } from "./write_verb.ts";

export const deleteVerb: Verb = {
  name: "delete",
  words: ["<id>"],
  summary: "delete one row, through the write queue",
  details: [
    "A missing row is not an error. The master refuses to delete a row that others refer to.",
    OFFLINE_DETAIL,
  ],
  flags: [OFFLINE_FLAG, ...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    const id = idWord("delete", args.words);
    return onTable(args, context, {
      ...writeTask(args),
      check: () => id,
      run: (wiring) =>
        runWrite(wiring, {
          verb: "delete",
          id,
          outcome: (before) => before === undefined ? "absent" : "deleted",
          op: { kind: "delete", id },
        }, context),
    });
  },
};
