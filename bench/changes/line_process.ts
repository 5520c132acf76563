import { fileURLToPath } from "node:url";
import type { Figure, Line } from "./line.ts";
import { LINES } from "./lines.ts";
import { type Mode, NOW, TODAY } from "./modes.ts";

/** Measures a line in a new process. */
export async function measureAlone({ work }: Line, mode: Mode): Promise<Figure> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", fileURLToPath(import.meta.url), work, mode.name],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`"${work}" failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const [work, modeName] = Deno.args;
  const line = LINES.find((candidate) => candidate.work === work);
  const mode = [TODAY, NOW].find(({ name }) => name === modeName);
  if (line === undefined || mode === undefined) throw new TypeError(`There is no line "${work}" in "${modeName}"`);
  console.log(JSON.stringify(await line.measure(mode)));
}
