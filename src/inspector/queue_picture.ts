import { type Child, html } from "./elements.ts";
import type { FailedLine, Lane, TableInspection } from "./inspection.ts";
import { count, duration } from "./words.ts";

/** The lanes of the queue, with the state of each write, and the error of the first one. */
export function queuePicture({ queue: { lanes, moreLanes, failed }, stats }: TableInspection): readonly Child[] {
  const waits = stats.queued === 0
    ? "No write waits."
    : `${count(stats.queued, "write")} in ${count(lanes.length + moreLanes, "lane")}; the oldest waits for ${
      duration(stats.oldestWriteMs)
    }.`;
  return [
    html("p", {}, waits),
    ...(lanes.length === 0 ? [] : [html("ul", { class: "lanes" }, ...lanes.map(laneItem))]),
    ...(failed.length === 0
      ? []
      : [html("h4", {}, "Failed"), html("ul", { class: "failed" }, ...failed.map(failedItem))]),
  ];
}

function laneItem({ row, writes, more, error }: Lane): HTMLElement {
  return html(
    "li",
    {},
    html("span", { class: "row" }, row === undefined ? "all rows" : `row ${row}`),
    ...writes.map(({ kind, state, attempts }) =>
      html("span", { class: `write ${state}` }, `${kind}: ${state}${attempts > 1 ? `, attempt ${attempts}` : ""}`)
    ),
    ...(more === 0 ? [] : [html("span", {}, `and ${more} more`)]),
    ...(error === undefined ? [] : [html("span", { class: "error" }, `last attempt: ${error}`)]),
  );
}

function failedItem({ kind, row, error }: FailedLine): HTMLElement {
  return html(
    "li",
    {},
    `${kind}${row === undefined ? "" : ` of row ${row}`}: `,
    html("span", { class: "error" }, error),
  );
}
