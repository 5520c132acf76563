import type { Output } from "./output.ts";

const WIDTH = 40;
/** Fewer rows are inserted before the bar could be read. */
const MIN_ROWS = 50_000;

/** Draws the progress of a long task, and removes the bar when it is done. */
export function progressBar(out: Output): (done: number, total: number) => void {
  return (done, total) => {
    if (total < MIN_ROWS) return;
    const share = done / total;
    const bar = "#".repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, "-");
    const text = `[${bar}] ${String(Math.floor(share * 100)).padStart(3)}% of ${total} rows`;
    out.progress(done < total ? text : " ".repeat(text.length));
    if (done === total) out.progress("");
  };
}
