import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type LiveEvent,
  type LiveStream,
  ManualLiveStream,
  type StreamCursor,
  type SubscribeOptions,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { CACHES, fixture, LOGGING_CACHES } from "./fixture.ts";

/** A stream that a test resumes. */
class ResumingStream implements LiveStream {
  readonly resumes = "slot a/b";
  /** The cursor of the last subscription. */
  cursor: StreamCursor | undefined;
  readonly #events = new ManualLiveStream();

  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    this.cursor = options.cursor;
    return this.#events.subscribe(options);
  }

  push(event: LiveEvent): void {
    this.#events.push(event);
  }

  disconnect(): void {
    this.#events.disconnect();
  }
}

for (const { kind, cache: make } of LOGGING_CACHES) {
  describe(`A LiveTable with a stream that resumes, and ${kind},`, () => {
    it("serves what the cache has kept once the stream has caught up, and asks the master for what changed alone", async () => {
      const inner = make();
      const first = new ResumingStream();
      const { table, master } = fixture({ liveStream: first }, inner);
      first.cursor?.onCaughtUp();
      await table.listValues();
      first.push({ kind: "updated", id: "b" });
      await settle();
      await first.cursor?.store("17");
      await table.listValues();
      await table.close();

      await master.patchValue("a", { price: 9 });
      const second = new ResumingStream();
      const again = fixture({ liveStream: second }, inner);
      assert.equal(await second.cursor?.load(), "17");
      let answered = false;
      const read = again.table.listValues().then((rows) => (answered = true, rows));
      await settle();
      assert.equal(answered, false);
      second.push({ kind: "updated", id: "b" }); // That is not enough.
      await settle();
      assert.equal(answered, false);
      second.cursor?.onCaughtUp();
      assert.equal((await read).size, 3);
      assert.deepEqual(again.table.stats().invalidations, { write: 0, event: 1, gap: 0, manual: 0 });
      assert.equal(again.table.stats().rowsReceived, 1);
      await again.table.close();
    });

    it("reads everything again if the stream cannot go on there", async () => {
      const inner = make();
      const { table } = fixture({}, inner);
      await table.listValues();
      await table.close();
      const stream = new ResumingStream();
      const again = fixture({ liveStream: stream }, inner);
      const read = again.table.listValues();
      assert.equal(await stream.cursor?.load(), undefined);
      stream.push({ kind: "changed" });
      await settle();
      stream.cursor?.onCaughtUp();
      assert.equal((await read).size, 3);
      assert.equal(again.table.stats().rowsReceived, 3);
      await again.table.close();
    });

    it("waits for the stream no longer than five seconds, and then counts that as a gap", async () => {
      const inner = make();
      const { table, master } = fixture({}, inner);
      await table.listValues();
      await table.close();
      await master.patchValue("a", { price: 9 });
      const stream = new ResumingStream();
      const again = fixture({ liveStream: stream }, inner);
      await again.master.patchValue("a", { price: 9 });
      let answered = false;
      const read = again.table.listValues().then((rows) => (answered = true, rows));
      await again.clock.advance(4_999);
      assert.equal(answered, false);
      await again.clock.advance(1);
      assert.equal((await read).get("a")?.price, 9);
      assert.equal(again.table.stats().invalidations.gap, 1);
      await again.table.close();
      assert.equal(again.clock.waiting, 0);
    });

    it("does not serve what it held when the stream is lost before it has caught up", async () => {
      const inner = make();
      const { table } = fixture({}, inner);
      await table.listValues();
      await table.close();
      const stream = new ResumingStream();
      const again = fixture({ liveStream: stream }, inner);
      await again.master.patchValue("a", { price: 9 });
      const read = again.table.listValues();
      stream.disconnect();
      assert.equal((await read).get("a")?.price, 9);
      await again.table.close();
    });

    it("leaves nothing behind when it is closed while readers wait", async () => {
      const stream = new ResumingStream();
      const { table, clock } = fixture({ liveStream: stream }, make());
      const read = table.listValues();
      await settle();
      await table.close();
      await assert.rejects(read);
      assert.equal(clock.waiting, 0);
    });
  });
}

for (const { kind, cache: make } of CACHES) {
  describe(`The position of a stream in ${kind}`, () => {
    it("is lost with what it is a position of", async () => {
      const stream = new ResumingStream();
      const { table } = fixture({ liveStream: stream }, make());
      stream.cursor?.onCaughtUp();
      await stream.cursor?.store("17");
      assert.equal(await stream.cursor?.load(), "17");
      await table.invalidate();
      assert.equal(await stream.cursor?.load(), undefined);
      await stream.cursor?.store("18");
      assert.equal(await stream.cursor?.load(), "18");
      await table.close();
    });

    it("is not stored while the cache may lack a change", async () => {
      const stream = new ResumingStream();
      const { table, cache, clock } = fixture({ liveStream: stream, invalidation: "all" }, make());
      stream.cursor?.onCaughtUp();
      await stream.cursor?.store("17");
      cache.plan.fail("invalidatePrefix", new Error("disk full"));
      stream.push({ kind: "updated", id: "a" });
      await settle();
      await stream.cursor?.store("18");
      assert.notEqual(await stream.cursor?.load(), "18");
      await clock.advance(1_000);
      await stream.cursor?.store("19");
      assert.equal(await stream.cursor?.load(), "19");
      await table.close();
    });

    it("is lost where the cache fails, which fails nothing", async () => {
      const stream = new ResumingStream();
      const { table, cache } = fixture({ liveStream: stream }, make());
      stream.cursor?.onCaughtUp();
      for (const op of ["fence", "put"] as const) {
        cache.plan.fail(op, new Error("disk full"));
        await stream.cursor?.store("17");
      }
      cache.plan.fail("get", new Error("disk full"));
      assert.equal(await stream.cursor?.load(), undefined);
      await table.close();
    });
  });
}
