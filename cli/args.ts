import { parseArgs } from "node:util";
import { BadInput } from "./bad_input.ts";

/** A flag that a verb takes. */
export interface Flag {
  /** Its name without the dashes. */
  readonly name: string;
  /** The placeholder of its value, as in `--page <n>`; `undefined` for a flag without a value. */
  readonly value?: string | undefined;
  /** Whether it may be given several times. */
  readonly repeatable?: boolean | undefined;
  /** Its description. */
  readonly help: string;
}

/** Parsed arguments: words, and flags with their values. */
export class Arguments {
  /** The words that are not flags. */
  readonly words: readonly string[];
  /** The values of each flag. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The table, if the first word named it. */
  readonly firstWord: string | undefined;

  constructor(words: readonly string[], flags: ReadonlyMap<string, readonly string[]>, firstWord?: string) {
    this.words = words;
    this.flags = flags;
    this.firstWord = firstWord;
  }

  /** A copy with another value of a flag. */
  with(name: string, value: string): Arguments {
    return new Arguments(this.words, new Map(this.flags).set(name, [value]), this.firstWord);
  }

  /** A copy without some flags. */
  without(...names: readonly string[]): Arguments {
    const kept = [...this.flags].filter(([name]) => !names.includes(name));
    return new Arguments(this.words, new Map(kept), this.firstWord);
  }

  has(name: string): boolean {
    return this.flags.has(name);
  }

  /** The value of a flag, if given. */
  text(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** All values of a flag that may be repeated. */
  all(name: string): readonly string[] {
    return this.flags.get(name) ?? [];
  }

  /**
   * The value of a flag as a whole number.
   *
   * @throws {BadInput} if it is not one, or out of range.
   */
  whole(name: string, { min = 1, max }: { readonly min?: number; readonly max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= min && number <= max) return number;
    throw new BadInput(`--${name} takes a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
}

/** The flags to accept. */
export interface KnownFlags {
  /** All flags: words can be recognised only if it is known which flags take a value. */
  readonly all: readonly Flag[];
  /** The flags accepted with these words. */
  readonly acceptedBy: (words: readonly string[]) => readonly Flag[];
}

/**
 * Reads a command line.
 *
 * @throws {BadInput} if a flag is not accepted, lacks its value, has one although it takes none, or is repeated.
 */
export function parseCommandLine(argv: readonly string[], { all, acceptedBy }: KnownFlags): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    // The messages of a strict parser differ between runtimes.
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
