import type { Result } from "./rounds.ts";

/** A Markdown table. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** A table for each group of benchmarks. */
export function groupTables(results: readonly Result[]): string {
  const groups = new Set(results.map(({ group }) => group));
  return Array.from(groups, (group) => groupTable(group, results.filter((result) => result.group === group)))
    .join("\n\n");
}

/** A time in nanoseconds, in a fitting unit. */
export function formatTime(nanoseconds: number): string {
  const [unit, size] = nanoseconds < 1e3 ? ["ns", 1] as const : nanoseconds < 1e6 ? ["µs", 1e3] as const : ["ms", 1e6];
  return `${(nanoseconds / Number(size)).toPrecision(3)} ${unit}`;
}

function formatRatio(ratio: number): string {
  return ratio < 0.1 ? `1/${Math.round(1 / ratio).toLocaleString("en")}` : `${ratio.toFixed(2)}×`;
}

function groupTable(group: string, results: readonly Result[]): string {
  const baseline = results.find((result) => result.baseline);
  const columns: readonly [title: string, cell: (result: Result) => string | undefined][] = [
    [group, ({ name }) => name],
    ["time", ({ time }) => formatTime(time)],
    ["3 in 4 under", ({ p75 }) => formatTime(p75)],
    ["per second", ({ time }) => Math.round(1e9 / time).toLocaleString("en")],
    ["time ratio", ({ time }) => baseline && formatRatio(time / baseline.time)],
    ["master calls", ({ masterCalls }) => masterCalls?.toFixed(3)],
    ["bytes", ({ bytes }) => bytes?.toLocaleString("en")],
  ];
  const used = columns.filter(([, cell]) => results.some((result) => cell(result) !== undefined));
  return table(used.map(([title]) => title), results.map((result) => used.map(([, cell]) => cell(result) ?? "")));
}
