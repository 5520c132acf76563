/** Measures one thing in a new process, which is killed if it takes too long. */

/** How long a process may take. */
const LIMIT_MS = 60_000;

/** What a process printed as JSON; `undefined` if it was not ready in time. */
export async function alone<T>(script: string, given: unknown): Promise<T | undefined> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script, JSON.stringify(given)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const { stdout, success } = await child.output();
  clearTimeout(timer);
  if (isLate) return undefined;
  if (!success) throw new Error(`${script} failed with ${JSON.stringify(given)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What this process is to measure. */
export function given<T>(): T {
  return JSON.parse(Deno.args[0] ?? "null");
}

/** Prints what was measured, and ends: a library may have left something that keeps the process alive. */
export function answer(measured: unknown): never {
  console.log(JSON.stringify(measured));
  Deno.exit();
}
