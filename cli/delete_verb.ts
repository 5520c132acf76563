import type { Arguments } from "./args.ts";
import { idWord } from "./id_word.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable } from "./wiring.ts";
import { tellWrite } from "./write_verb.ts";

/** Deletes one row. */
export const deleteVerb: Verb = {
  name: "delete",
  words: ["<id>"],
  summary: "delete one row, through the write queue",
  details: ["A row that is not there is no error. A row that others refer to is refused by the master."],
  flags: [...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    const id = idWord("delete", args.words);
    return onTable(args, context, {
      needsMaster: true,
      check: () => id,
      run: (wiring) =>
        tellWrite(wiring, {
          verb: "delete",
          id,
          outcome: (before) => before === undefined ? "absent" : "deleted",
          write: () => wiring.live.delete(id),
        }, context.out),
    });
  },
};
