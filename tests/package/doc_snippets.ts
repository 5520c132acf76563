import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./installed.ts";

/** A block of code in the documents that says where it runs, in a comment before it: `<!-- runs on: node 24, bun -->`. */
export interface Snippet {
  /** The document, such as `docs/runtimes.md`. */
  readonly file: string;
  /** The line that it starts at. */
  readonly line: number;
  readonly runsOn: readonly string[];
  readonly code: string;
  /** What it prints, as the comments after its `console.log(…);` say. */
  readonly prints: readonly string[];
}

/** The documents for users. */
const FILES: readonly string[] = [
  "README.md",
  ...readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

/** The blocks that say where they run. */
export function docSnippets(): Snippet[] {
  return FILES.flatMap(snippetsIn);
}

function snippetsIn(file: string): Snippet[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const blocks = text.matchAll(/^<!-- runs on: ([\w, ]+) -->\n+```[^\n]*\n(.*?)^```$/gms);
  return [...blocks].map(({ 1: runsOn = "", 2: code = "", index }) => ({
    file,
    line: text.slice(0, index).split("\n").length,
    runsOn: runsOn.split(", "),
    code,
    prints: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, printed = ""]) => printed),
  }));
}
