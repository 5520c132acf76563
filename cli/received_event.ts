import type { LiveTable } from "@vantage/live";

/** Does something, and resolves when the table has heard of it by an event: what it held is dropped by then. */
export async function doAndHear(live: LiveTable, act: () => unknown): Promise<void> {
  const before = live.stats().invalidations.event;
  const heard = live.events.subscribe().getReader();
  try {
    await act();
    while (live.stats().invalidations.event === before) {
      // What the table tells may be about something else that happened meanwhile.
      const { done } = await heard.read();
      if (done) return;
    }
  } finally {
    await heard.cancel();
  }
}
