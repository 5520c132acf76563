import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

let folder: string | undefined;
let count = 0;

/** A path that nothing stands at yet, in a folder that goes with the process. */
export function newPath(name: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "vantage-live-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  count++;
  return join(folder, `${count}-${name}`);
}
