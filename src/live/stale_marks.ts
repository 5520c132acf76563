import type { StaleAnswer } from "../table/table_like.ts";
import type { Fetched } from "./loader.ts";

/** What is said of an answer of several parts, one more of which is stale: it is as old as the oldest. */
export function withPart(said: StaleAnswer | undefined, part: StaleAnswer): StaleAnswer {
  return said === undefined ? part : { ...said, ...part, fetchedAt: Math.min(said.fetchedAt, part.fetchedAt) };
}

/** What is said of a whole answer, one part of which is stale: others may be older, and fresh all the same. */
export function ofWhole(said: StaleAnswer, ...parts: readonly Partial<Pick<Fetched, "fetchedAt">>[]): StaleAnswer {
  const times = parts.map(({ fetchedAt = Infinity }) => fetchedAt);
  return { ...said, fetchedAt: Math.min(said.fetchedAt, ...times) };
}
