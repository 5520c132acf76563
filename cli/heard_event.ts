import type { LiveEvent, LiveTable, ManualLiveStream } from "@vantage/live";

/** Pushes an event, and resolves when the table has heard it: what it held is dropped by then. */
export async function pushAndHear(stream: ManualLiveStream, live: LiveTable, event: LiveEvent): Promise<void> {
  const before = live.stats().invalidations.event;
  const heard = live.events.subscribe().getReader();
  try {
    stream.push(event);
    for (;;) {
      // What the table tells may be about something else that happened meanwhile.
      const { done } = await heard.read();
      if (done || live.stats().invalidations.event > before) return;
    }
  } finally {
    await heard.cancel();
  }
}
