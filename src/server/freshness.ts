import type { CallOptions } from "../table/table_like.ts";

/**
 * Records whether a table reports its answer as unsettled. The answer says so in its body, which every client can read.
 */
export class Freshness {
  unsettled = false;
  readonly options: CallOptions;

  /** `fresh` says whether the client wants rows as they are at the master now. */
  constructor(fresh = false) {
    this.options = { onUnsettled: () => void (this.unsettled = true), ...(fresh && { fresh }) };
  }

  get mark(): { readonly unsettled?: true } {
    return this.unsettled ? { unsettled: true } : {};
  }
}
