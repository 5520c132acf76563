import { table } from "../tables.ts";
import type { Contestant } from "./contestant.ts";
import type { Cell, Scoreboard } from "./scoreboard.ts";

const LEGEND = `correct: once a change has settled, no reader gets the old row, and every call gets an answer.
stale: a reader gets an old row. lost: a call fails, or a reader gets no row. hangs: a call never gets an answer.
n/a: the library lacks the feature. Where it can be used in several ways, the best result counts.`;

/** The table with its notes, as Markdown. */
export function tableWithNotes({ contestants, races, cells }: Scoreboard): string {
  const notes = [...new Set(cells.flatMap(({ note }) => note ?? []))];
  const show = ({ verdict, note }: Cell): string =>
    note === undefined ? verdict : `${verdict} ${superscript(notes.indexOf(note) + 1)}`;
  const header = ["race", ...contestants.map(({ name, version }) => `${name} ${version}`)];
  const rows = races.map((race) => [race.name, ...cells.filter((cell) => cell.race === race.name).map(show)]);
  const list = notes.map((note, index) => `${superscript(index + 1)} ${note}`).join("; ");
  return `${table(header, rows)}\n\n${list}`;
}

/** What distinguishes a report. */
export interface ReportOptions {
  readonly title: string;
  /** What holds for all contestants. */
  readonly how: string;
}

/** The table, with everything needed to interpret it. */
export function fullReport<W>(
  board: Scoreboard,
  contestants: readonly Contestant<W>[],
  { title, how }: ReportOptions,
): string {
  return `## ${title}

${tableWithNotes(board)}

${LEGEND}

### The races

${board.races.map(({ name, story }) => `- ${name}: ${story}`).join("\n")}

### How each library was used

${how}

${contestants.map(({ name, usages }) => `- ${name}: ${usages.map((usage) => usage.how).join("; or ")}`).join("\n")}`;
}

/** The report with coloured verdicts. */
export function inColour(report: string): string {
  const paint = (color: number) => (verdict: string): string => `\x1b[${color}m${verdict}\x1b[0m`;
  return report
    .replaceAll(/(?<=\| )correct\b/g, paint(32))
    .replaceAll(/(?<=\| )(?:stale|lost|hangs)\b/g, paint(31))
    .replaceAll(/(?<=\| )n\/a/g, paint(2));
}

function superscript(number: number): string {
  return String(number).replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "");
}
