import type { LiveTable } from "@vantage/live";

/** Runs `act`, and resolves when the table has received an event about it and the cache has it. */
export async function runUntilEvent(live: LiveTable, act: () => unknown): Promise<void> {
  const before = live.stats().invalidations.event;
  const events = live.events.subscribe().getReader();
  try {
    await act();
    while (live.stats().invalidations.event === before) {
      // The event may be about another change.
      const { done } = await events.read();
      if (done) return;
    }
  } finally {
    await events.cancel();
  }
}
