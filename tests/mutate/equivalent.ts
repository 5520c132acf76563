/** A mutant that no test can tell from the original, and why. */
export interface Equivalent {
  readonly file: string;
  /** The function, method or variable that it is in, with its class. */
  readonly within: string;
  /** The original text of the changed expression or statement. */
  readonly from: string;
  /** What it becomes: each of these. */
  readonly to: readonly string[];
  readonly reason: string;
}

/** All that are known. One that no longer fits the sources is reported. */
export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: "src/live/read_through.ts",
    within: "ReadThrough.#countReceived",
    from: "0",
    to: ["1", "(-1)"],
    reason: "what was received last is compared by its rows; that it has a time at all is for the type",
  },
  {
    file: "src/live/live_table.ts",
    within: "MAX_REMEMBERED_REQUESTS",
    from: "1_000",
    to: ["1001", "999"],
    reason: "what is forgotten is made again, the same: a bound of memory that shows nowhere else",
  },
  {
    file: "src/live/live_table.ts",
    within: "LiveTable.#rowRequest",
    from: "this.#requests.size >= MAX_REMEMBERED_REQUESTS",
    to: ["this.#requests.size > MAX_REMEMBERED_REQUESTS"],
    reason: "one more or less of a bound that shows nowhere",
  },
  {
    file: "src/clock/backoff.ts",
    within: "GOOD_MS",
    from: "10_000",
    to: ["10001", "9999"],
    reason: "promised is only that a subscription that lasts is a good one; the tests try 0 and 10 minutes",
  },
  {
    file: "src/table/evaluate_query.ts",
    within: "evaluateQuery",
    from: "query.where !== undefined || query.search !== undefined",
    to: ["true"],
    reason: "a filter without conditions keeps every row; not to run it is faster, and no more",
  },
  {
    file: "src/table/compare_values.ts",
    within: "compareText",
    from: "index < length",
    to: ["index <= length"],
    reason: "beyond the end of the shorter text the code is NaN, which equals nothing: the loop ends all the same",
  },
  {
    file: "src/table/canonical_query.ts",
    within: "canonicalQuery",
    from: '"&"',
    to: ['""'],
    reason: "a condition begins with a quoted name, so where one ends and the next begins is plain without a sign",
  },
  {
    file: "src/table/canonical_query.ts",
    within: "canonicalQuery",
    from: '","',
    to: ['""'],
    reason: "an order begins with a quoted name and ends with a direction",
  },
  {
    file: "src/table/query.ts",
    within: "atPage",
    from: "itemsPerPage ?? query.pagination?.itemsPerPage ?? DEFAULT_ITEMS_PER_PAGE",
    to: ["((itemsPerPage ?? query.pagination?.itemsPerPage) || (DEFAULT_ITEMS_PER_PAGE))"],
    reason: "a Pagination never has 0 items per page",
  },
  {
    file: "src/clock/backoff.ts",
    within: "Backoff.nextMs",
    from: "32",
    to: ["33", "31"],
    reason: "the pause has been the longest since the tenth attempt; the bound keeps the number finite",
  },
  {
    file: "src/cache/mem_cache.ts",
    within: "MemCache.#remove",
    from: "siblings?.size",
    to: ["siblings!.size"],
    reason: "an entry that is held stands among those of its scope; the question mark is for the compiler",
  },
  {
    file: "src/cache/mem_cache.ts",
    within: "MemCache.#remove",
    from: "siblings?.delete",
    to: ["siblings!.delete"],
    reason: "an entry that is held stands among those of its scope; the question mark is for the compiler",
  },
  {
    file: "src/cache/mem_cache.ts",
    within: "MemCache.#invalidatedBeyondScopes",
    from: "0",
    to: ["(-1)"],
    reason: "of a scope that was never invalidated the count is 0, and the greater of the two is taken",
  },
  {
    file: "src/live/invalidation.ts",
    within: "Invalidation.close",
    from: "this.#next ?? this.#running",
    to: ["((this.#next) || (this.#running))"],
    reason: "both are promises, or not there",
  },
  {
    file: "src/cache/sqlite_store.ts",
    within: "storable",
    from: "4",
    to: ["5", "3"],
    reason: "however long the code is made, none is the beginning of another: two texts differ as before",
  },
  {
    file: "src/cache/sqlite_store.ts",
    within: "storable",
    from: '"0"',
    to: ['""'],
    reason: "without zeros before it no code is the beginning of another either",
  },
  {
    file: "src/cache/sqlite_store.ts",
    within: "storable",
    from: "16",
    to: ["17", "15"],
    reason: "in any base no code is the beginning of another",
  },
  {
    file: "src/table/evaluate_query.ts",
    within: "valueTest",
    from: "equalValues(value, operand)",
    to: ["equalValues(operand, value)"],
    reason: "either equals the other",
  },
  {
    file: "src/table/evaluate_query.ts",
    within: "valueTest",
    from: "areComparable(value, operand)",
    to: ["areComparable(operand, value)"],
    reason: "they are of one kind, or they are not",
  },
  {
    file: "src/table/compare_values.ts",
    within: "equalValues",
    from: "compareValues(a, b)",
    to: ["compareValues(b, a)"],
    reason: "only whether it is zero is asked, and that is so from either side",
  },
  {
    file: "src/live/read_through.ts",
    within: "ReadThrough.#countReceived",
    from: "sameRow(known, row)",
    to: ["sameRow(row, known)"],
    reason: "either is the same as the other",
  },
  {
    file: "src/live/shared_reads.ts",
    within: "SharedReads.#share",
    from: "isSame(fence, past)",
    to: ["isSame(past, fence)"],
    reason: "it compares one with the other",
  },
  {
    file: "src/live/shared_reads.ts",
    within: "SharedReads.#shareLater",
    from: "isSame(present, past)",
    to: ["isSame(past, present)"],
    reason: "it compares one with the other",
  },
];
