import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  ClosedError,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  RejectedError,
  UnavailableError,
  type WindowObserver,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { ids, type PagedMaster, pagedMaster } from "./paged_master.ts";

interface Watched {
  readonly table: LiveTable;
  readonly master: PagedMaster;
  readonly clock: FakeClock;
  readonly observer: WindowObserver;
  /** How often the listener was called. */
  calls(): number;
}

/** A table of 200 rows, and a window into it that is listened to. */
async function watched(options: LiveTableOptions = {}, size = 10): Promise<Watched> {
  const clock = new FakeClock();
  const master = pagedMaster(200, 50);
  const table = new LiveTable(master.table, "products", new MemCache(), { clock, ...options });
  const observer = table.observeWindow({ size });
  let calls = 0;
  observer.subscribe(() => void calls++);
  await settle();
  return { table, master, clock, observer, calls: () => calls };
}

/** Without what repeats the one before. */
function changesIn(seen: readonly string[]): string[] {
  return seen.filter((each, index) => each !== seen[index - 1]);
}

function shownIn({ getSnapshot }: WindowObserver): readonly string[] {
  return getSnapshot().rows.ids();
}

describe("LiveHandle.observeWindow()", () => {
  it("starts nothing before there is a listener, nor when it is moved", async () => {
    const master = pagedMaster(200, 50);
    await using table = new LiveTable(master.table, "products", new MemCache());
    const observer = table.observeWindow({ size: 10 });
    observer.show(60, 70);
    await settle();
    assert.deepEqual([observer.getSnapshot().status, master.pages], ["pending", []]);
    observer.subscribe(() => {});
    await settle();
    assert.deepEqual(shownIn(observer), ids(60, 70));
  });

  it("shows the first rows and the size of the set, in one snapshot", async () => {
    const { table, observer } = await watched();
    const { rows, offset, total, count, status, fetchStatus } = observer.getSnapshot();
    assert.deepEqual([rows.ids(), offset, total, count, status, fetchStatus], [
      ids(0, 10),
      0,
      200,
      200,
      "success",
      "idle",
    ]);
    await table.close();
  });

  it("asks for each page once, there and back", async () => {
    const { table, master, observer } = await watched();
    for (let start = 0; start <= 190; start += 7) {
      observer.show(start, start + 10);
      await settle();
    }
    for (let start = 190; start >= 0; start -= 7) {
      observer.show(start, start + 10);
      await settle();
    }
    assert.deepEqual(master.pages, [1, 2, 3, 4]);
    assert.equal(master.counts, 1);
    await table.close();
  });

  it("moves in steps, so that scrolling by a row changes nothing", async () => {
    const { table, observer, calls } = await watched();
    const [before, called] = [observer.getSnapshot(), calls()];
    observer.show(0, 10);
    await settle();
    assert.deepEqual([observer.getSnapshot(), calls()], [before, called]);
    observer.show(1, 11);
    await settle();
    assert.deepEqual(shownIn(observer), ids(0, 20));
    await table.close();
  });

  it("does not wait for what is read for a place that it has left", async () => {
    const { table, master, observer } = await watched();
    const passed = Promise.withResolvers<void>();
    master.before = (page) => page === 3 ? passed.promise : undefined;
    observer.show(100, 110);
    await settle();
    assert.deepEqual(shownIn(observer), ids(0, 10));
    assert.equal(observer.getSnapshot().fetchStatus, "fetching");
    observer.show(60, 70);
    await settle();
    assert.deepEqual(shownIn(observer), ids(60, 70));
    assert.deepEqual(master.aborted, [3]);
    passed.resolve();
    await settle();
    assert.deepEqual(shownIn(observer), ids(60, 70));
    await table.close();
  });

  it("has no rows beyond the end", async () => {
    const { table, observer } = await watched();
    observer.show(5_000, 5_010);
    await settle();
    const { rows, total, count, status } = observer.getSnapshot();
    assert.deepEqual([rows.size, total, count, status], [0, 200, 200, "success"]);
    await table.close();
  });

  it("keeps the rows that did not change, and says by how many places they moved, with the new size", async () => {
    const { table, observer } = await watched();
    observer.show(20, 30);
    await settle();
    const before = observer.getSnapshot();
    await table.delete("r3");
    await settle();
    const after = observer.getSnapshot();
    assert.deepEqual([after.rows.ids(), after.total, after.shift], [ids(21, 31), 199, -1]);
    assert.equal(after.rows.get("r25"), before.rows.get("r25"));
    await table.patchValue("r25", { name: "new" });
    await settle();
    assert.equal(observer.getSnapshot().shift, -1);
    assert.equal(observer.getSnapshot().rows.get("r24"), before.rows.get("r24"));
    await table.close();
  });

  it("shows writes at once where the table is optimistic, marked until they are confirmed", async () => {
    const { table, observer } = await watched({ optimistic: true });
    const seen: string[] = [];
    observer.subscribe(() => {
      const { rows, pending } = observer.getSnapshot();
      seen.push(`${rows.get("r2")?.name} ${[...pending].join()}`);
    });
    await settle();
    const written = table.patchValue("r2", { name: "new" });
    assert.equal(observer.getSnapshot().rows.get("r2")?.name, "new");
    await written;
    await settle();
    assert.deepEqual(changesIn(seen), ["Product 2 ", "new r2", "new "]);
    await table.close();
  });

  it("shows an insertion and a deletion with the new size, in one snapshot, and takes back what is refused", async () => {
    const { table, master, observer } = await watched({ optimistic: true });
    const seen: string[] = [];
    observer.subscribe(() => {
      const { rows, total } = observer.getSnapshot();
      seen.push(`${total} ${rows.ids()[1]}`);
    });
    await settle();
    await table.delete("r1");
    await settle();
    assert.deepEqual(changesIn(seen), ["200 r1", "199 r2"]);
    master.rows.delete = () => Promise.reject(new RejectedError("no"));
    await assert.rejects(table.delete("r2"));
    await settle();
    assert.equal(seen.at(-1), "199 r2");
    await table.close();
  });

  it("keeps its rows when reading fails, and reads again what may succeed later", async () => {
    const { table, master, clock, observer } = await watched();
    let fails = true;
    master.before = () => {
      if (fails) throw new UnavailableError("away");
    };
    await table.invalidate();
    await settle();
    const { status, rows, error } = observer.getSnapshot();
    assert.deepEqual([status, rows.size, (error as Error).message], ["error", 10, "away"]);
    fails = false;
    await clock.advance(60_000);
    assert.equal(observer.getSnapshot().status, "success");
    master.before = () => {
      throw new RejectedError("no");
    };
    await table.invalidate();
    await settle();
    assert.equal(observer.getSnapshot().status, "error");
    await table.close();
  });

  it("shows newer rows after stale ones, without a change", async () => {
    const { table, master, clock, observer } = await watched({ staleTimeMs: 1_000, whileStale: "serve" });
    await master.rows.patchValue("r1", { name: "new" });
    await clock.advance(2_000);
    observer.show(10, 20);
    await settle();
    observer.show(0, 10);
    await settle();
    await clock.advance(5_000);
    assert.equal(observer.getSnapshot().rows.get("r1")?.name, "new");
    await table.close();
  });

  it("can be scrolled on where the master does not count", async () => {
    const master = pagedMaster(95, 50, { counts: false });
    await using table = new LiveTable(master.table, "products", new MemCache());
    using observer = table.observeWindow({ size: 20 });
    observer.subscribe(() => {});
    await settle();
    assert.deepEqual([observer.getSnapshot().total, observer.getSnapshot().count], [undefined, 21]);
    observer.show(80, 95);
    await settle();
    assert.deepEqual([observer.getSnapshot().total, observer.getSnapshot().count], [95, 95]);
  });

  it("leaves nothing behind when its last listener has left, and goes on with the next", async () => {
    const { table, master, clock, observer } = await watched();
    observer[Symbol.dispose]();
    await clock.advance(60);
    assert.equal(clock.waiting, 0);
    await table.invalidate();
    await settle();
    assert.deepEqual(master.pages, [1]);
    observer.subscribe(() => {});
    await settle();
    assert.deepEqual(master.pages, [1, 1]);
    await table.close();
  });

  it("shows that the table is closed", async () => {
    const { table, observer } = await watched();
    await table.close();
    assert(observer.getSnapshot().error instanceof ClosedError);
    observer.show(50, 60);
    await settle();
    assert.equal(observer.getSnapshot().status, "error");
  });

  it("refuses what is no window", async () => {
    const { table, observer } = await watched();
    assert.throws(() => table.observeWindow({ size: 0 }), /size must be/);
    assert.throws(() => table.observeWindow({ size: 10_001 }), /limit must be at most 10000/);
    assert.throws(() => observer.show(-1, 5), /start must be/);
    assert.throws(() => observer.show(5, 4), /end must be/);
    assert.throws(() => observer.show(NaN, 4), /start must be/);
    assert.throws(() => observer.show(0, 20_000), /limit must be at most 10000/);
    assert.throws(() => observer.subscribe(undefined as unknown as () => void), /A listener must be a function/);
    await table.close();
  });
});
