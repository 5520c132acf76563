import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./installed.ts";

/** A block of code in README.md that says where it runs, in a comment before it: `<!-- runs on: node, bun -->`. */
export interface Snippet {
  /** The line of README.md that it starts at. */
  readonly line: number;
  readonly runsOn: readonly string[];
  readonly code: string;
  /** What it prints, as the comments behind its `console.log(…);` say. */
  readonly prints: readonly string[];
}

/** The blocks that say where they run. */
export function readmeSnippets(): Snippet[] {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const blocks = text.matchAll(/^<!-- runs on: ([\w, ]+) -->\n+```[^\n]*\n(.*?)^```$/gms);
  return [...blocks].map(({ 1: runsOn = "", 2: code = "", index }) => ({
    line: text.slice(0, index).split("\n").length,
    runsOn: runsOn.split(", "),
    code,
    prints: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, printed = ""]) => printed),
  }));
}
