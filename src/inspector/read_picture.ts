import { type Child, html, picture, svg, WIDTH } from "./elements.ts";
import type { ReadLine, ReadPart, TableInspection } from "./inspection.ts";
import { duration, timeOf } from "./words.ts";

const MAX_READS = 8;
const LINE = 12;
/** What is drawn of a part at least, so that short ones are seen. */
const MIN_WIDTH = 3;

/** The last reads that asked the master, each with its parts one below the other. */
export function readPictures({ reads }: TableInspection): readonly Child[] {
  if (reads.length === 0) return [html("p", {}, "No read has asked the master.")];
  return [html("ol", { class: "reads" }, ...reads.slice(0, MAX_READS).map(readItem))];
}

function readItem(read: ReadLine): HTMLElement {
  const { key, at, ms, why, outcome, parts } = read;
  const said = `${timeOf(at)} ${key}: ${outcome}${why === undefined ? "" : ` (${why})`}, ${duration(ms)}`;
  return html(
    "li",
    {},
    html("p", {}, said),
    waterfall(read),
    html("p", { class: "parts" }, parts.map(partText).join("; ")),
  );
}

function waterfall({ key, ms, parts }: ReadLine): SVGElement {
  const from = Math.min(0, ...parts.map(({ fromMs }) => fromMs));
  const scale = (WIDTH - MIN_WIDTH) / Math.max(1, ms - from);
  const bars = parts.map(({ name, fromMs, ms: length, outcome }, line) =>
    svg("rect", {
      class: outcome === "failed" ? "miss" : fromMs < 0 ? "stale" : name === "load" ? "fill" : "hit",
      x: (fromMs - from) * scale,
      y: line * LINE + 1,
      width: Math.max(MIN_WIDTH, length * scale),
      height: LINE - 2,
    })
  );
  return picture(`The parts of a read of ${key}`, Math.max(1, parts.length) * LINE, ...bars);
}

function partText({ name, fromMs, ms, outcome }: ReadPart): string {
  const what = name === "load" ? "master" : name === "put" && outcome === "populated" ? "put, stored" : name;
  const how = name === "put" && outcome === "fenced" ? ", fenced" : outcome === "failed" ? ", failed" : "";
  return `${what}${how} ${duration(ms)}${fromMs < 0 ? ", shared with an earlier read" : ""}`;
}
