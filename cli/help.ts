import { type Output, paint } from "./output.ts";
import type { Verb } from "./verb.ts";

/** Prints the help of the demo, or of one verb. */
export function printHelp(out: Output, verb: Verb, verbs: readonly Verb[]): void {
  out.line(paint("bold", "usage: "), usageOf(verb));
  out.line();
  out.line(`${capitalised(verb.summary)}.`);
  for (const line of verb.details) out.line(line);
  if (verb.name === "") printVerbs(out, verbs);
  out.line();
  out.line(paint("bold", "flags"));
  printPairs(out, verb.flags.map(({ name, value = "", help }) => [`--${name} ${value}`.trimEnd(), help]));
  out.line();
  out.line("Exit codes: 0 success; 1 no such row, or a fault; 2 invalid input, and nothing was changed.");
}

/** The usage of a verb. */
export function usageOf({ name, words }: Verb): string {
  const parts = ["demo", name === "" ? "[verb]" : name, ...words, "[flags]"];
  return parts.join(" ");
}

function printVerbs(out: Output, verbs: readonly Verb[]): void {
  out.line();
  out.line(paint("bold", "verbs"));
  printPairs(out, verbs.map(({ name, words, summary }) => [[name, ...words].join(" "), summary]));
  out.line();
  out.line("demo <verb> --help has details.");
}

function printPairs(out: Output, pairs: readonly (readonly string[])[]): void {
  const width = Math.max(...pairs.map(([left = ""]) => left.length));
  for (const [left = "", right = ""] of pairs) out.line(`  ${left.padEnd(width)}  ${right}`);
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
