import { type LiveStream, LiveTable, MemCache, type TableLike, type Value } from "@vantage/live";

/** A master that holds the product "a", what tells of its changes, and somebody else who names that product anew. */
export interface Shop {
  readonly master: TableLike;
  readonly liveStream: LiveStream;
  /** How often `changed` is told until the stream is heard: one more if it has to connect first. */
  readonly gaps: number;
  rename(name: string): Promise<unknown>;
}

/** What is seen on the way. */
export interface FirstSteps {
  /** How often the master was read for one miss. */
  readonly miss: number;
  /** How often for the hit after it. */
  readonly hit: number;
  /** The price that is read after it was written. */
  readonly write: Value | undefined;
  /** The name that is read after the event that told of it. */
  readonly event: Value | undefined;
}

/** The first thing anybody does: miss, hit, write, event. */
export async function firstSteps({ master, liveStream, gaps, rename }: Shop): Promise<FirstSteps> {
  const table = new LiveTable(master, "products", new MemCache(), { liveStream });
  const events = table.events.subscribe().getReader();
  for (let gap = 0; gap < gaps; gap++) await events.read();

  await table.listValues();
  const miss = table.stats().masterReads;
  await table.listValues();
  const hit = table.stats().masterReads - miss;

  await table.patchValue("a", { price: 3 });
  const write = (await table.getValue("a"))?.price;

  await rename("Roll");
  let event: Value | undefined;
  do {
    await events.read(); // of the write above, then of the new name
    event = (await table.getValue("a"))?.name;
  } while (event !== "Roll");

  await table.close();
  return { miss, hit, write, event };
}

/** What is to be seen. */
export const EXPECTED_STEPS: FirstSteps = { miss: 1, hit: 0, write: 3, event: "Roll" };
