import { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import type { Verb } from "./verb.ts";

/** A parsed command line. */
export interface Command {
  readonly verb: Verb;
  /** The table, if the first word names it. */
  readonly entity?: string | undefined;
  /** The words for the verb. */
  readonly words: readonly string[];
}

/** Words that stand for flags: `page=2` means `--page 2`. A column of such a name needs `--where page=2`. */
const FLAG_WORDS: readonly string[] = ["page", "limit", "order", "search"];

/**
 * Reads the words: `<verb> …`, or `<table> [column=value …] [verb] …` with the default verb `list`.
 *
 * @throws {BadInput} if there is no such verb.
 */
export function commandOf(words: readonly string[], verbs: readonly Verb[], tour: Verb): Command {
  const [first, ...rest] = words;
  if (first === undefined) return { verb: tour, words: [] };
  const verb = verbs.find(({ name }) => name === first);
  if (verb !== undefined) return { verb, words: rest };
  if (first === "" || first.includes("=")) throw unknownVerb(first, verbs);
  const end = rest.findIndex((word) => !word.includes("="));
  const filters = end === -1 ? rest : rest.slice(0, end);
  const [name = "list", ...others] = rest.slice(filters.length);
  const named = verbs.find((candidate) => candidate.name === name);
  if (named === undefined) throw unknownVerb(name, verbs);
  return { verb: named, entity: first, words: [...filters, ...others] };
}

/** The arguments of a command, with words that stand for flags converted. */
export function argumentsOf({ verb, entity, words }: Command, given: Arguments): Arguments {
  const flags = new Map(given.flags);
  if (entity !== undefined) setOnce(flags, "entity", entity, verb);
  const selects = verb.flags.some(({ name }) => name === "where");
  const kept = words.filter((word) => {
    const sign = word.indexOf("=");
    if (!selects || sign < 1) return true;
    const name = word.slice(0, sign);
    if (!FLAG_WORDS.includes(name)) flags.set("where", [...flags.get("where") ?? [], word]);
    else if (name === "order") flags.set(name, [...flags.get(name) ?? [], word.slice(sign + 1)]);
    else setOnce(flags, name, word.slice(sign + 1), verb);
    return false;
  });
  return new Arguments(kept, flags, entity);
}

/** The error for an unknown verb. */
export function unknownVerb(word: string, verbs: readonly Verb[]): BadInput {
  const names = verbs.map(({ name }) => name).join(", ");
  return new BadInput(`Unknown verb ${JSON.stringify(word)}; accepted are ${names}, or a table before one of them`);
}

function setOnce(flags: Map<string, readonly string[]>, name: string, value: string, verb: Verb): void {
  if (!verb.flags.some((flag) => flag.name === name)) {
    throw new BadInput(`${verb.name} takes no table, but was given ${JSON.stringify(value)}`);
  }
  if (flags.has(name)) throw new BadInput(`${name} was given twice: ${JSON.stringify(value)} and with --${name}`);
  flags.set(name, [value]);
}
