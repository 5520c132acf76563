import { type LiveTable, type Query, type Ref, RelatedTable, type TableLike } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { BAKERY_REFS } from "./bakery.ts";
import { DEFAULT_LIMIT, list, listVerb, pageOf, queryOf } from "./list_verb.ts";
import { type Places, placesOf } from "./places.ts";
import type { Answer, Context, Verb } from "./verb.ts";
import { onTable } from "./wiring.ts";

export const refVerb: Verb = {
  name: "ref",
  words: ["<table>..."],
  most: Infinity,
  summary: "follow references from table to table, and list where they lead",
  details: [
    "Example: demo clients id=marty ref orders products. demo orders info shows what orders refer to.",
    "column=value selects rows of the first table; page=, limit=, order= and search= those of the last.",
    "Each table on the way is one query, whatever the number of its rows, and is cached. Of all rows, references lead to all.",
    ...listVerb.details.slice(1),
  ],
  flags: listVerb.flags,
  async run(args: Arguments, context: Context): Promise<Answer> {
    if (args.words.length === 0) throw new BadInput("ref needs the name of a table; demo ref --help shows its usage");
    const first = args.without("page", "limit", "order", "search");
    return await visit(args, context, {
      names: args.words,
      query: (table) => ({ where: queryOf(first, table, pageOf(first, DEFAULT_LIMIT)).where }),
      arrive: (live, query) => live.withQuery(query),
    });
  },
};

/** A table on the way. */
interface Stop {
  /** The references that are still to be followed. */
  readonly names: readonly string[];
  /** How the flags narrow the rows of the table. */
  readonly query: (table: TableLike) => Query;
  /** The rows to go on from. */
  readonly arrive: (live: LiveTable, query: Query) => TableLike;
}

/** Opens the tables one within the other: each refers to the live table of the next. */
async function visit(args: Arguments, context: Context, { names, query, arrive }: Stop): Promise<Answer> {
  const [name, ...others] = names;
  if (name === undefined) return await arriveAtLast(args, context, arrive);
  let next: LiveTable | undefined;
  const places = placesOf(args);
  return await onTable(args, context, {
    refs: { [name]: refOf(places, name, () => next ?? unopened(name)) },
    check: (table) => ({ entity: entityOf(places, table, name), query: query(table) }),
    run: ({ live }, plan) => {
      const set = arrive(live, plan.query);
      return visit(args.with("entity", plan.entity), context, {
        names: others,
        query: () => ({}),
        arrive: (related) => {
          next = related;
          return set.getRef(name);
        },
      });
    },
  });
}

async function arriveAtLast(args: Arguments, context: Context, arrive: Stop["arrive"]): Promise<Answer> {
  const shown = args.without("where");
  return await onTable(args, context, {
    outbox: "show",
    check: (table) => queryOf(shown, table, pageOf(shown, DEFAULT_LIMIT)),
    run: async (wiring, { orderBy, search, pagination }) => {
      const related = arrive(wiring.live, {});
      const narrowed = related.withQuery({ ...related.query, orderBy, search, pagination });
      const { query } = narrowed instanceof RelatedTable ? await narrowed.follow() : narrowed;
      return await list(wiring, query, context.out);
    },
  });
}

/** A reference to a live table. Masters other than files do not say how the tables of the bakery are linked. */
function refOf({ entity, master }: Places, name: string, table: () => TableLike): Ref {
  const link = master.kind === "surreal" ? undefined : BAKERY_REFS[entity]?.[name];
  return link === undefined ? table : link(table);
}

/**
 * The table that a reference leads to.
 *
 * @throws {BadInput} if there is no such reference.
 */
function entityOf({ entity, master }: Places, table: TableLike, name: string): string {
  if (table.refNames.includes(name)) return table.getRef(name).tableName;
  const others = master.kind === "surreal" ? [] : Object.keys(BAKERY_REFS[entity] ?? {});
  if (others.includes(name)) return name;
  const names = [...new Set([...table.refNames, ...others])];
  const accepted = names.length > 0 ? `accepted are ${names.join(", ")}` : "it has none";
  throw new BadInput(`${table.tableName} has no reference ${JSON.stringify(name)}; ${accepted}`);
}

function unopened(name: string): never {
  throw new Error(`The table ${name} is not open yet`);
}
