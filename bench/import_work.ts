import { fileURLToPath } from "node:url";
import type { ImportWork } from "./import_probe.ts";

const LONGEST_WAIT_MS = 10_000;

/** What importing the core does, seen in a process that may do nothing; fails if that does not end by itself. */
export async function importWork(): Promise<ImportWork> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", fileURLToPath(new URL("import_probe.ts", import.meta.url))],
    signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("A process that only imports the core did not end by itself, or was refused something");
  return JSON.parse(new TextDecoder().decode(stdout));
}
