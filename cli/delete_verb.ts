import { OFFLINE_DETAIL, type Verb } from "./verb.ts";
import { writeVerb } from "./write_verb.ts";

export const deleteVerb: Verb = writeVerb({
  name: "delete",
  words: ["<id>"],
  summary: "delete one row, through the write queue",
  details: [
    "A missing row is not an error. The master refuses to delete a row that others refer to.",
    OFFLINE_DETAIL,
  ],
  op: (id) => ({ kind: "delete", id }),
  outcome: (before) => before === undefined ? "absent" : "deleted",
});
