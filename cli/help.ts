import { type Output, paint } from "./output.ts";
import type { Verb } from "./verb.ts";

/** Says what the demo can do: all of it, or one verb. */
export function tellHelp(out: Output, verb: Verb, verbs: readonly Verb[]): void {
  out.line(paint("bold", "usage: "), usageOf(verb));
  out.line();
  out.line(`${capitalised(verb.summary)}.`);
  for (const line of verb.details) out.line(line);
  if (verb.name === "") tellVerbs(out, verbs);
  out.line();
  out.line(paint("bold", "flags"));
  tellPairs(out, verb.flags.map(({ name, value = "", help }) => [`--${name} ${value}`.trimEnd(), help]));
  out.line();
  out.line("Exit codes: 0 done; 1 no such row, or a fault; 2 what was given cannot be used, and nothing was changed.");
}

/** How a verb is called. */
export function usageOf({ name, words }: Verb): string {
  const parts = ["demo", name === "" ? "[verb]" : name, ...words, "[flags]"];
  return parts.join(" ");
}

function tellVerbs(out: Output, verbs: readonly Verb[]): void {
  out.line();
  out.line(paint("bold", "verbs"));
  tellPairs(out, verbs.map(({ name, words, summary }) => [[name, ...words].join(" "), summary]));
  out.line();
  out.line("demo <verb> --help says more about each.");
}

function tellPairs(out: Output, pairs: readonly (readonly string[])[]): void {
  const width = Math.max(...pairs.map(([left = ""]) => left.length));
  for (const [left = "", right = ""] of pairs) out.line(`  ${left.padEnd(width)}  ${right}`);
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
