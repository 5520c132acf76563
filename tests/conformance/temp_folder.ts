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
    const remove = (): void => rmSync(made, { recursive: true, force: true });
    // Deno's tests end with the one, Node's and Bun's with the other.
    if ("Deno" in globalThis) globalThis.addEventListener("unload", remove);
    else process.on("exit", remove);
    folder = made;
  }
  count++;
  return join(folder, `${count}-${name}`);
}
