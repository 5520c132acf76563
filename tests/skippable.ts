import { it } from "node:test";

/** A test that cannot run everywhere: where there is a `reason` it is skipped, and its name tells why in every runtime. */
export function skippable(name: string, reason: string | undefined, run: () => Promise<void> | void): void {
  if (reason === undefined) it(name, run);
  else it(`${name} [skipped: ${reason}]`, { skip: reason }, run);
}
