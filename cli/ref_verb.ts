import type { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { listVerb } from "./list_verb.ts";
import type { Answer, Context, Verb } from "./verb.ts";
import { onTable } from "./wiring.ts";

export const refVerb: Verb = {
  name: "ref",
  words: ["<table>"],
  summary: "list a table that this one refers to, as orders do to clients",
  details: ["Example: demo orders ref clients. demo orders info shows what orders refer to.", ...listVerb.details],
  flags: listVerb.flags,
  async run(args: Arguments, context: Context): Promise<Answer> {
    const [name] = args.words;
    if (name === undefined) throw new BadInput("ref needs the name of a table; demo ref --help shows its usage");
    let entity = "";
    await onTable(args, context, {
      check: (table) => {
        const accepted = table.refNames.length > 0 ? `accepted are ${table.refNames.join(", ")}` : "it has none";
        if (table.refNames.includes(name)) entity = table.getRef(name).tableName;
        else throw new BadInput(`${table.tableName} has no reference ${JSON.stringify(name)}; ${accepted}`);
      },
      run: () => Promise.resolve({}),
    });
    return await listVerb.run(args.with("entity", entity), context);
  },
};
