import { fileURLToPath } from "node:url";
import type { ImportWork } from "./import_probe.ts";

const LONGEST_WAIT_MS = 10_000;

/** The effects of importing the core, in a process without permissions; fails if that does not exit by itself. */
export async function importWork(): Promise<ImportWork> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", fileURLToPath(new URL("import_probe.ts", import.meta.url))],
    signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("A process that only imports the core did not exit by itself, or lacked a permission");
  return JSON.parse(new TextDecoder().decode(stdout));
}
