import { parseArgs } from "node:util";
import { BadInput } from "./bad_input.ts";

/** A flag that a verb takes. */
export interface Flag {
  /** Its name without the dashes. */
  readonly name: string;
  /** What its value stands for, as in `--page <n>`; a flag without takes none. */
  readonly value?: string | undefined;
  /** Whether it may be given several times. */
  readonly repeatable?: boolean | undefined;
  /** What it does. */
  readonly help: string;
}

/** What was given: words, and flags with their values. */
export class Arguments {
  /** The words that are no flags. */
  readonly words: readonly string[];
  /** The flags, each with its values. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The table, if the first word named it. */
  readonly firstWord: string | undefined;

  constructor(words: readonly string[], flags: ReadonlyMap<string, readonly string[]>, firstWord?: string) {
    this.words = words;
    this.flags = flags;
    this.firstWord = firstWord;
  }

  /** The same with another value of a flag. */
  with(name: string, value: string): Arguments {
    return new Arguments(this.words, new Map(this.flags).set(name, [value]), this.firstWord);
  }

  /** Whether the flag was given. */
  has(name: string): boolean {
    return this.flags.has(name);
  }

  /** The flag's value, if it was given. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** All values of a flag that may be repeated. */
  all(name: string): readonly string[] {
    return this.flags.get(name) ?? [];
  }

  /**
   * The flag's value as a whole number.
   *
   * @throws {BadInput} if it is anything else, or out of range.
   */
  whole(name: string, { min = 1, max }: { readonly min?: number; readonly max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= min && number <= max) return number;
    throw new BadInput(`--${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
}

/** Which flags there are. */
export interface KnownFlags {
  /** All of them: which ones take a value must be known before the words can be told. */
  readonly all: readonly Flag[];
  /** Those that go with these words. */
  readonly acceptedBy: (words: readonly string[]) => readonly Flag[];
}

/**
 * Reads a command line.
 *
 * @throws {BadInput} if a flag is not accepted, lacks its value, has one it does not take, or is given twice.
 */
export function parseCommandLine(argv: readonly string[], { all, acceptedBy }: KnownFlags): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    // The messages of a strict parser differ from runtime to runtime.
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(all.map(({ name, value }) => [name, { type: value === undefined ? BOOLEAN : TEXT }])),
  });
  const words = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : []);
  const accepted = acceptedBy(words);
  const flags = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = findFlag(token.rawName, accepted);
    if (flags.has(flag.name) && flag.repeatable !== true) throw new BadInput(`--${flag.name} was given twice`);
    flags.set(flag.name, [...flags.get(flag.name) ?? [], checkedValue(flag, token.value, token.inlineValue)]);
  }
  return new Arguments(words, flags);
}

const BOOLEAN = "boolean";
const TEXT = "string";

function findFlag(rawName: string, accepted: readonly Flag[]): Flag {
  const flag = accepted.find(({ name }) => rawName === `--${name}` || (rawName === "-h" && name === "help"));
  if (flag !== undefined) return flag;
  const names = accepted.map(({ name }) => `--${name}`).join(", ");
  const hint = rawName.startsWith("--") ? "" : "; put -- before a word that begins with a dash";
  throw new BadInput(`${rawName} is not a flag here; accepted are ${names}${hint}`);
}

function checkedValue({ name, value }: Flag, given: string | undefined, inline: boolean | undefined): string {
  if (value === undefined) {
    if (given !== undefined) throw new BadInput(`--${name} takes no value, but was given ${JSON.stringify(given)}`);
    return "";
  }
  if (given === undefined || (given.startsWith("--") && inline !== true)) {
    throw new BadInput(`--${name} needs a value: --${name} ${value}, or --${name}=${value} if it begins with a dash`);
  }
  return given;
}
