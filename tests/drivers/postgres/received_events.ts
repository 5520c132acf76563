import assert from "node:assert/strict";
import type { LiveEvent, LiveStream } from "@vantage/live";

/** The events of a subscription. */
export interface Received {
  /** The next events, without those that came before. */
  take(count: number): Promise<LiveEvent[]>;
  /** Ends the subscription. */
  end(): Promise<void>;
}

/** Subscribes, and waits until the stream is live. */
export async function eventsOf(stream: LiveStream): Promise<Received> {
  const events = received(stream.subscribe());
  assert.deepEqual(await events.take(1), [{ kind: "changed" }]);
  return events;
}

/** The events of a subscription. */
export function received(subscription: ReadableStream<LiveEvent>): Received {
  const reader = subscription.getReader();
  const take = async (count: number): Promise<LiveEvent[]> => {
    const events: LiveEvent[] = [];
    while (events.length < count) {
      const { done, value } = await reader.read();
      assert(!done, "the subscription is over");
      events.push(value);
    }
    return events;
  };
  return { take, end: () => reader.cancel() };
}
