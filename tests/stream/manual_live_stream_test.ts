import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveEvent, ManualLiveStream } from "@vantage/live";

async function take(stream: ReadableStream<LiveEvent>, count: number): Promise<(string | undefined)[]> {
  const reader = stream.getReader();
  const heard: (string | undefined)[] = [];
  for (let n = 0; n < count; n++) {
    const { value } = await reader.read();
    heard.push(value === undefined || value.kind === "changed" ? value?.kind : value.id);
  }
  reader.releaseLock();
  return heard;
}

describe("ManualLiveStream", () => {
  it("push() reaches every subscriber, and answers how many", async () => {
    const stream = new ManualLiveStream();
    assert.equal(stream.push({ kind: "changed" }), 0);
    const [one, two] = [stream.subscribe(), stream.subscribe()];
    assert.equal(stream.push({ kind: "updated", id: "a" }), 2);
    assert.deepEqual([await take(one, 1), await take(two, 1)], [["a"], ["a"]]);
  });

  it("subscribe() is live when it returns, however late the first read", async () => {
    const stream = new ManualLiveStream();
    const late = stream.subscribe();
    for (const id of ["a", "b", "c"]) stream.push({ kind: "updated", id });
    assert.deepEqual(await take(late, 3), ["a", "b", "c"]);
  });

  it("a subscriber that lags beyond its buffer hears `changed`, once, after what it still had", async () => {
    const stream = new ManualLiveStream({ bufferCapacity: 2 });
    const [slow, alert] = [stream.subscribe(), stream.subscribe().getReader()];
    for (const id of ["a", "b", "c", "d"]) {
      assert.equal(stream.push({ kind: "updated", id }), 2);
      await alert.read();
    }
    assert.deepEqual(await take(slow, 3), ["a", "b", "changed"]);
    stream.push({ kind: "updated", id: "e" });
    assert.deepEqual(await take(slow, 1), ["e"]);
  });

  it("a subscriber that lags when the stream ends still hears that it missed something", async () => {
    const stream = new ManualLiveStream({ bufferCapacity: 1 });
    const slow = stream.subscribe();
    for (const id of ["a", "b"]) stream.push({ kind: "updated", id });
    stream.disconnect();
    assert.deepEqual(await take(slow, 3), ["a", "changed", undefined]);
  });

  it("an aborted signal, or cancel(), ends that subscription alone", async () => {
    const stream = new ManualLiveStream();
    const control = new AbortController();
    const [aborted, cancelled, other] = [
      stream.subscribe({ signal: control.signal }),
      stream.subscribe(),
      stream.subscribe(),
    ];
    control.abort();
    await cancelled.cancel();
    assert.equal(stream.subscriberCount, 1);
    assert.equal(stream.push({ kind: "updated", id: "a" }), 1);
    assert.deepEqual(await take(aborted, 1), [undefined]);
    assert.deepEqual(await take(other, 1), ["a"]);
    assert.deepEqual(await take(stream.subscribe({ signal: control.signal }), 1), [undefined]);
    assert.equal(stream.subscriberCount, 1);
  });

  it("disconnect() ends or fails what is open, and lets others subscribe", async () => {
    const stream = new ManualLiveStream();
    const failed = stream.subscribe().getReader();
    stream.disconnect(new Error("connection lost"));
    await assert.rejects(failed.read(), /connection lost/);
    assert.equal(stream.subscriberCount, 0);
    const again = stream.subscribe();
    stream.push({ kind: "changed" });
    assert.deepEqual(await take(again, 1), ["changed"]);
  });

  it("close() ends what is open, and what is made later at once", async () => {
    const stream = new ManualLiveStream();
    const open = stream.subscribe();
    stream.close();
    assert.deepEqual(await take(open, 1), [undefined]);
    assert.deepEqual(await take(stream.subscribe(), 1), [undefined]);
    assert.equal(stream.push({ kind: "changed" }), 0);
  });

  it("tells `onAwaited` when the first subscription that is not in the background is made, and when the last is gone", async () => {
    const told: boolean[] = [];
    const stream = new ManualLiveStream({ onAwaited: (awaited) => told.push(awaited) });
    const quiet = stream.subscribe({ background: true });
    assert.deepEqual([told, stream.isAwaited], [[], false]);
    const readers = [stream.subscribe().getReader(), stream.subscribe({ background: false }).getReader()];
    assert.deepEqual([told, stream.isAwaited], [[true], true]);
    await readers[0]?.cancel();
    await readers[0]?.cancel();
    assert.deepEqual(told, [true]);
    await readers[1]?.cancel();
    assert.deepEqual([told, stream.isAwaited], [[true, false], false]);
    await quiet.cancel();
    stream.subscribe({ signal: AbortSignal.abort() });
    assert.deepEqual([told, stream.subscriberCount, stream.isAwaited], [[true, false, true, false], 0, false]);
  });

  it("tells `onUnused` each time that its last subscriber has gone", async () => {
    let unused = 0;
    const stream = new ManualLiveStream({ onUnused: () => unused++ });
    const control = new AbortController();
    const one = stream.subscribe({ signal: control.signal });
    const other = stream.subscribe();
    control.abort();
    assert.deepEqual([await take(one, 1), unused], [[undefined], 0]);
    await other.cancel();
    assert.equal(unused, 1);
    stream.subscribe();
    stream.disconnect();
    assert.equal(unused, 2);
  });

  it("push() refuses what is no event, and tells nobody", async () => {
    const stream = new ManualLiveStream();
    const subscription = stream.subscribe();
    const push = (event: unknown): unknown => Reflect.apply(stream.push, stream, [event]);
    assert.throws(() => push({ kind: "updated" }), {
      name: "TypeError",
      message: /"updated" needs an id .* undefined/,
    });
    assert.throws(() => push({ kind: "deleted", id: 5 }), { name: "TypeError", message: /number 5/ });
    assert.throws(() => push({ kind: "renamed", id: "a" }), {
      name: "TypeError",
      message: /"renamed".*accepted are changed/,
    });
    assert.throws(() => push(undefined), TypeError);
    assert.throws(() => new ManualLiveStream({ bufferCapacity: 0 }), { name: "RangeError", message: /number 0/ });
    stream.push({ kind: "changed" });
    assert.deepEqual(await take(subscription, 1), ["changed"]);
  });
});
