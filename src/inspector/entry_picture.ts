import { type Child, html, picture, svg, WIDTH } from "./elements.ts";
import type { EntryLine, EntryMark } from "./inspection.ts";
import { legend } from "./served_picture.ts";
import { count, markText, timeOf } from "./words.ts";

const HEIGHT = 24;
const MIDDLE = HEIGHT / 2;

/** The life of an entry: as a line, which is thin where there is none, and in words, the last first. */
export function entryPicture({ key, marks }: EntryLine, now: number): readonly Child[] {
  const from = marks[0]?.at ?? now;
  const scale = WIDTH / Math.max(1, now - from);
  const x = (at: number): number => Math.min(WIDTH - 3, (at - from) * scale);
  const label = `The life of ${key}: ${count(marks.length, "mark")} since ${timeOf(from)}`;
  const stretches = marks.map((mark, index) => {
    const end = marks[index + 1]?.at ?? now;
    return svg("rect", {
      class: isThere(mark) ? "there" : "gone",
      x: x(mark.at),
      width: Math.max(0, x(end) - x(mark.at)),
      y: MIDDLE - (isThere(mark) ? 4 : 1),
      height: isThere(mark) ? 8 : 2,
    });
  });
  const ticks = marks.map((mark) =>
    svg("rect", { class: classOf(mark), x: x(mark.at), y: 1, width: 3, height: HEIGHT - 2 }, title(markText(mark)))
  );
  const items = [...marks].reverse().map((mark) =>
    html("li", {}, html("time", {}, timeOf(mark.until ?? mark.at)), " ", markText(mark))
  );
  return [
    picture(label, HEIGHT, ...stretches, ...ticks),
    legend(["hit", "served"], ["fill", "filled"], ["stale", "changed"], ["miss", "went"]),
    html("ol", { class: "marks" }, ...items),
  ];
}

function title(text: string): SVGElement {
  return svg("title", {}, text);
}

function isThere({ kind }: EntryMark): boolean {
  return kind === "filled" || kind === "served" || kind === "in place" || kind === "hole";
}

function classOf(mark: EntryMark): string {
  if (mark.kind === "filled") return "fill";
  if (mark.kind === "served") return "hit";
  return isThere(mark) ? "stale" : "miss";
}
