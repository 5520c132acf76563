import { brand } from "../base/brand.ts";

/**
 * A mistake of the caller that a table finds before it asks its source: the same call never succeeds. To the caller it is any
 * `TypeError`; what is thrown by `fetch` when there is no network is one too, but no mistake.
 */
export class MistakeError extends TypeError {
  static {
    brand(this, "MistakeError");
  }
}
