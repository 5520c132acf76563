import { visible, widthOf } from "./visible.ts";

/** The lines of each box. */
export interface Wired {
  readonly live: readonly string[];
  readonly cache: readonly string[];
  readonly queue: readonly string[];
  readonly master: readonly string[];
}

const WIDTH = 78;
const GAP = 4;
const HALF = (WIDTH - GAP) / 2;
/** Continued lines are indented to the facts after the names. */
const INDENT = " ".repeat(11);

/** Draws how reads and writes flow between a live table, its cache, its queue and its master. */
export function pictureOf({ live, cache, queue, master }: Wired): readonly string[] {
  return [
    ...arrows("reads", "writes"),
    ...box(live, WIDTH),
    ...arrows("", ""),
    ...beside(box(cache, HALF), box(queue, HALF)),
    ...arrows("misses", "one at a time", "per row"),
    ...box(master, WIDTH),
  ];
}

function box(lines: readonly string[], width: number): readonly string[] {
  const edge = `+${"-".repeat(width - 2)}+`;
  return [edge, ...lines.flatMap((line) => wrap(visible(line), width - 4)).map((line) => `| ${line} |`), edge];
}

/** Draws two boxes side by side; the shorter one is extended by a line down to the end of the other. */
function beside(left: readonly string[], right: readonly string[]): readonly string[] {
  const height = Math.max(left.length, right.length);
  const tail = `${" ".repeat(HALF / 2)}|`;
  return Array.from(
    { length: height },
    (_, index) => `${fit(left[index] ?? tail, HALF)}${" ".repeat(GAP)}${right[index] ?? tail}`,
  );
}

function arrows(left: string, right: string, rightBelow = ""): readonly string[] {
  const arrow = (head: string, word: string): string => fit(`${" ".repeat(HALF / 2)}${head} ${word}`, HALF);
  const row = (head: string, words: readonly string[]): string =>
    words.map((word) => arrow(head, word)).join(" ".repeat(GAP)).trimEnd();
  return [row("|", [left, right]), row("v", ["", rightBelow])];
}

/** Wraps text into lines, after a space where possible. */
function wrap(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [fit(text, width)];
  let fits = "";
  for (const character of text) {
    if (widthOf(fits + character) > width) break;
    fits += character;
  }
  const space = fits.lastIndexOf(" ");
  const first = space > INDENT.length ? fits.slice(0, space + 1) : fits;
  return [fit(first.trimEnd(), width), ...wrap(INDENT + text.slice(first.length), width)];
}

function fit(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
