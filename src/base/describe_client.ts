import { describe } from "./describe.ts";

/**
 * What was given in place of a client or another object, in a few words. A text may be a URL, or another address, with a
 * password: nothing of it is shown.
 */
export function describeClient(value: unknown): string {
  return typeof value === "string" && /[:=@]/.test(value) ? "a text, perhaps a URL" : describe(value);
}
