import { table } from "../tables.ts";
import type { Contestant } from "./contestant.ts";
import type { Cell, Scoreboard } from "./scoreboard.ts";

const LEGEND =
  `correct: nobody is shown an old row after the change that made it old had settled, and everybody is answered.
stale: somebody is. lost: somebody gets an error, or no row, who should have had one. hangs: somebody is never answered.
n/a: the library has no notion of it. Where it can be used in several ways, the best of them counts.`;

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

/** The table, and all that is to be known to judge it. */
export function fullReport(board: Scoreboard, contestants: readonly Contestant[]): string {
  return `## Old rows that come back

${tableWithNotes(board)}

${LEGEND}

### The races

${board.races.map(({ name, story }) => `- ${name}: ${story}`).join("\n")}

### How each was used

Everybody keeps what was read until told otherwise: a time to live would only bound how long an old row is shown.

${contestants.map(({ name, usages }) => `- ${name}: ${usages.map(({ how }) => how).join("; or ")}`).join("\n")}`;
}

/** The same with the verdicts in colour. */
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
