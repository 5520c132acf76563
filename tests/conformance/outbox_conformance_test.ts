import { MemOutbox } from "@vantage/live";
import { outboxConformance } from "@vantage/live/testing";
import { runSuite } from "./run_suite.ts";

/** Small enough to be reached by the cases. */
const BOUNDS = { maxEntries: 1_000, maxAnswers: 10, maxAnswerAgeMs: 60_000 };

runSuite("MemOutbox keeps the promises of Outbox", outboxConformance, () => {
  const outbox = new MemOutbox(BOUNDS);
  return { persistent: false, bounds: BOUNDS, open: () => Promise.resolve({ outbox, close: () => {} }) };
});
