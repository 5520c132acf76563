import { describe } from "../base/describe.ts";
import type { WriteOptions } from "./table_like.ts";

const KNOWN = {
  signal: true,
  onUnsettled: true,
  onStale: true,
  fresh: true,
  idempotencyKey: true,
  newId: true,
} satisfies Record<keyof WriteOptions, true>;

/**
 * Refuses an option of a call that does not exist: a mistyped one would be left out in silence. Asked where options are
 * used, so not by a hit, which uses none.
 *
 * @throws {TypeError} that names the option, and those that are accepted.
 */
export function checkCallOptions(options: WriteOptions): void {
  for (const name in options) {
    if (Object.hasOwn(KNOWN, name)) continue;
    throw new TypeError(`Unknown option ${describe(name)} of a call; accepted are ${Object.keys(KNOWN).join(", ")}`);
  }
}
