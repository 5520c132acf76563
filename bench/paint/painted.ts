/** What is asked for: of an array, which is what React and the browser take, and of each hook. */
export const ASKS = ["an array", "useRow()", "useRows()", "useWindow(), scrolled", "useWindow(), opened"] as const;

/** What became of what was asked for with one hook, many times. */
export interface Painted {
  readonly ask: (typeof ASKS)[number];
  /** Of each time, with which frame after the click the rows were painted; 1 is the next one. */
  readonly frames: readonly number[];
  /** Of each time, how long it took from the click until that frame was painted. */
  readonly times: readonly number[];
}

/** What a page has measured. */
export interface PaintReport {
  /** How many rows the cache holds. */
  readonly held: number;
  /** How often the master was asked meanwhile. */
  readonly masterReads: number;
  readonly painted: readonly Painted[];
}
