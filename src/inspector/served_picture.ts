import { type Child, html, picture, svg, WIDTH } from "./elements.ts";
import type { ServedSecond, TableInspection } from "./inspection.ts";
import { count, duration } from "./words.ts";

const SECONDS = 60;
const HEIGHT = 60;
const STEP = WIDTH / SECONDS;

/** How many reads were served in each second of the last minute, from where, and how old it was at most. */
export function servedPicture({ served, stats }: TableInspection, now: number): readonly Child[] {
  const hits = sum(served, ({ hits }) => hits);
  const stale = sum(served, ({ stale }) => stale);
  const misses = sum(served, ({ misses }) => misses);
  const reads = hits + stale + misses;
  const oldest = Math.max(0, ...served.map(({ maxAgeMs }) => maxAgeMs));
  const share = reads === 0
    ? "no reads"
    : `${Math.round((hits + stale) / reads * 100)} % of ${count(reads, "read")} served from the cache`;
  const label = `Last minute: ${share}, ${stale} of them stale; the oldest rows were ${duration(oldest)} old`;
  const most = Math.max(1, ...served.map(({ hits, stale, misses }) => hits + stale + misses));
  const bars = served.flatMap((second) => bar(second, { now, most }));
  return [
    html("p", {}, `${label}. In all: ${count(stats.hits, "hit")}, ${count(stats.misses, "miss", "misses")}.`),
    picture(label, HEIGHT, ...bars, ageLine(served, { now, oldest })),
    legend(["hit", "hits"], ["stale", "stale"], ["miss", "misses"], ["age", "greatest age"]),
  ];
}

function bar(
  { at, hits, stale, misses }: ServedSecond,
  { now, most }: { readonly now: number; readonly most: number },
): readonly SVGElement[] {
  let top = HEIGHT;
  return ([["hit", hits], ["stale", stale], ["miss", misses]] as const).flatMap(([name, number]) => {
    const height = number / most * HEIGHT;
    top -= height;
    return number === 0 ? [] : [svg("rect", { class: name, x: xOf(at, now), y: top, width: STEP - 1, height })];
  });
}

function ageLine(
  served: readonly ServedSecond[],
  { now, oldest }: { readonly now: number; readonly oldest: number },
): SVGElement {
  const points = served.map(({ at, maxAgeMs }) =>
    `${xOf(at, now) + STEP / 2},${HEIGHT - 2 - maxAgeMs / Math.max(1, oldest) * (HEIGHT - 4)}`
  );
  return svg("polyline", { class: "age", points: points.join(" ") });
}

function xOf(at: number, now: number): number {
  return WIDTH - (Math.floor(now / 1000) - at / 1000 + 1) * STEP;
}

/** What the colours mean. */
export function legend(...entries: readonly (readonly [name: string, text: string])[]): HTMLElement {
  return html(
    "ul",
    { class: "legend" },
    ...entries.map(([name, text]) =>
      html(
        "li",
        {},
        svg(
          "svg",
          { viewBox: "0 0 10 10", "aria-hidden": "true", class: "key" },
          svg("rect", { class: name, width: 10, height: 10 }),
        ),
        text,
      )
    ),
  );
}

function sum<T>(list: readonly T[], number: (one: T) => number): number {
  return list.reduce((total, one) => total + number(one), 0);
}
