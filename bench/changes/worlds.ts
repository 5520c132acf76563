import { LiveTable, type LiveTableOptions, ManualLiveStream, MemCache } from "@vantage/live";
import { DistantMaster, type View } from "./distant_master.ts";
import { SimulatedClock } from "./simulated_clock.ts";
import { ROWS_PER_PAGE, type World } from "./traffic.ts";

/** How rows change: by others, whose events name the row, or also the changed columns; or by the table's own writes. */
export type Changing = "ids" | "columns" | "own writes";

/** What is read, how it changes, and how the table is used. */
export interface Setting {
  readonly view: View;
  readonly changing: Changing;
  readonly options: LiveTableOptions;
}

/**
 * A `LiveTable` in memory over a master 40 ms away. If the view has conditions, each change of one of its rows comes
 * with one of a row outside.
 */
export async function liveWorld({ view, changing, options }: Setting): Promise<World & AsyncDisposable> {
  const clock = new SimulatedClock(1);
  const master = await DistantMaster.open(clock, view);
  const stream = new ManualLiveStream();
  const table = new LiveTable(master.table, "products", new MemCache(), { clock, liveStream: stream, ...options });
  const rows = table.withQuery(view);
  const pages = new Map<number, typeof rows>();
  // Taken once: narrowing is not what is measured.
  const pageAt = (page: number): typeof rows => {
    const handle = pages.get(page) ?? rows.page(page, ROWS_PER_PAGE);
    pages.set(page, handle);
    return handle;
  };
  const event = (id: string) =>
    ({ kind: "updated", id, ...changing === "columns" ? { columns: ["stock"] } : {} }) as const;
  let others = 0;
  return {
    clock,
    master,
    read: (page) => pageAt(page).listValues(),
    change: async (id) => {
      if (changing === "own writes") {
        await table.patchValue(id, master.nextVersion(id));
        return master.known(id);
      }
      const other = master.outside[others++ % master.outside.length];
      for (const changed of other === undefined ? [id] : [id, other]) {
        await master.change(changed);
        stream.push(event(changed));
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = table.close();
      await clock.advance(10_000);
      await closed;
    },
  };
}
