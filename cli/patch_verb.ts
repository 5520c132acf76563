import type { Row, TableLike } from "@vantage/live";
import { BadInput } from "./bad_input.ts";
import { parseAssignment } from "./column_value.ts";
import { OFFLINE_DETAIL, type Verb } from "./verb.ts";
import { writeVerb } from "./write_verb.ts";

export const patchVerb: Verb = writeVerb({
  name: "patch",
  words: ["<id>", "<column=value>..."],
  most: Infinity,
  summary: "change columns of one row, through the write queue",
  details: [
    "Values are parsed by the column's declared type: numbers, true or false, or else text.",
    OFFLINE_DETAIL,
    "Exit code 1 if there is no such row.",
  ],
  op: (id, words, table) => ({ kind: "patch", id, partial: partialOf(words, table) }),
  outcome: () => "patched",
});

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
