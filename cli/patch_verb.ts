import type { Row, TableLike } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { parseAssignment } from "./column_value.ts";
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

export const patchVerb: Verb = {
  name: "patch",
  words: ["<id>", "<column=value>..."],
  most: Infinity,
  summary: "change columns of one row, through the write queue",
  details: [
    "Values are parsed by the column's declared type: numbers, true or false, or else text.",
    OFFLINE_DETAIL,
    "Exit code 1 if there is no such row.",
  ],
  flags: [OFFLINE_FLAG, ...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    const id = idWord("patch", args.words);
    return onTable(args, context, {
      ...writeTask(args),
      check: (table) => partialOf(args.words.slice(1), table),
      run: (wiring, partial) =>
        runWrite(wiring, {
          verb: "patch",
          id,
          outcome: () => "patched",
          op: { kind: "patch", id, partial },
        }, context),
    });
  },
};

function partialOf(words: readonly string[], { columns, idField }: TableLike): Row {
  if (words.length === 0) throw new BadInput("patch needs at least one column=value after the id");
  const assignments = words.map((word) => parseAssignment(word, columns));
  const names = assignments.map(({ column }) => column);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BadInput(`${twice} was given twice`);
  if (idField !== undefined && names.includes(idField)) {
    throw new BadInput(`${idField} is the id, which cannot be changed; add a new row and delete the old one`);
  }
  return Object.fromEntries(assignments.map(({ column, value }) => [column, value]));
}
