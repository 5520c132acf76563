import { type Child, html, picture, svg, WIDTH } from "./elements.ts";
import type { TableInspection } from "./inspection.ts";
import { legend } from "./served_picture.ts";
import { count, timeOf } from "./words.ts";

const HEIGHT = 24;
const MIN_SPAN_MS = 60_000;
const MAX_EVENTS = 10;

const STATES = { none: "There is no stream.", live: "Events arrive.", lost: "No events arrive." } as const;

/** The stream as a line that has holes where events may have been missed, and ticks where they arrived. */
export function streamPicture({ stats, stream: { gaps, events } }: TableInspection, now: number): readonly Child[] {
  const state = STATES[stats.stream];
  if (stats.stream === "none") return [html("p", {}, state)];
  const from = Math.min(now - MIN_SPAN_MS, ...gaps.map(({ from }) => from), ...events.map(({ at }) => at));
  const x = (at: number): number => (at - from) / (now - from) * WIDTH;
  const holes = gaps.map((gap) => {
    const until = gap.until ?? now;
    return svg("rect", {
      class: "hole",
      x: x(gap.from),
      y: HEIGHT / 2 - 6,
      width: Math.max(2, x(until) - x(gap.from)),
      height: 12,
    });
  });
  const ticks = events.map(({ at }) => svg("rect", { class: "hit", x: x(at), y: 2, width: 2, height: HEIGHT - 4 }));
  const line = svg("rect", { class: "there", x: 0, y: HEIGHT / 2 - 3, width: WIDTH, height: 6 });
  const label = `${state} ${count(stats.gaps, "gap")} so far.`;
  const last = events.slice(-MAX_EVENTS).reverse().map(({ at, kind, row }) =>
    html("li", {}, html("time", {}, timeOf(at)), ` ${kind}${row === undefined ? "" : ` ${row}`}`)
  );
  return [
    html("p", {}, label),
    picture(`${label} Since ${timeOf(from)}`, HEIGHT, line, ...holes, ...ticks),
    legend(["hit", "events"], ["there", "live"], ["miss", "gaps"]),
    ...(last.length === 0 ? [] : [html("ol", { class: "events" }, ...last)]),
  ];
}
