import assert from "node:assert/strict";
import { describe } from "node:test";
import { isUnreadable, type Outbox, OutboxError, type OutboxMark, type StoredWrite } from "@vantage/live";
import { DenoKvOutbox, type KvHandle } from "@vantage/live/deno-kv";
import { FakeClock } from "@vantage/live/testing";
import { HookedKv, type KvHook, kvIt, stored } from "./deno_kv_fixture.ts";

const QUEUE = "marty/clients";

function newWrite(id: string, text = id): StoredWrite {
  const op = { kind: "insert", id, row: { text } } as const;
  return { id, op, within: {}, rowId: id, acceptedAt: 1, acceptedBy: "a" };
}

async function idsIn(outbox: Outbox, queue = QUEUE): Promise<unknown[]> {
  return (await outbox.load(queue, 0, 1_000)).map((entry) => isUnreadable(entry) ? "unreadable" : entry.write.id);
}

async function attemptsOf(outbox: Outbox): Promise<unknown[]> {
  return (await outbox.load(QUEUE, 0, 10)).map((entry) => isUnreadable(entry) ? "unreadable" : entry.attempts);
}

/** Everything that stands in the database. */
async function all(kv: KvHandle): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const each of kv.list({ prefix: ["vantage_outbox"] })) found.push(each);
  return found;
}

function outboxError(words: RegExp, retriable = false): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof OutboxError, String(error));
    assert.match(error.message, words);
    assert.equal(error.retriable, retriable);
    return true;
  };
}

describe("DenoKvOutbox", () => {
  kvIt("refuses an outbox of a newer version, and leaves it alone", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    await outbox.append(QUEUE, [newWrite("a")]);
    await kv.set(["vantage_outbox", "version"], 2);
    const before = await all(kv);
    await assert.rejects(DenoKvOutbox.open(kv), outboxError(/version 2, and is left alone/));
    for (
      const call of [
        () => outbox.append(QUEUE, [newWrite("b")]),
        () => outbox.load(QUEUE, 0, 10),
        () => outbox.lease(QUEUE, "a", 1, 1),
        () => outbox.remove(QUEUE, "a"),
      ]
    ) await assert.rejects(call, outboxError(/version 2/));
    assert.deepEqual(await all(kv), before);
  });

  kvIt("takes no step twice whose answer was lost", async () => {
    using kv = await Deno.openKv(":memory:");
    let isLost = false;
    const losing: KvHook = async (call, work) => {
      const answer = await work();
      if (call !== "commit" || !isLost) return answer;
      isLost = false;
      throw new Error("the connection dropped");
    };
    const outbox = await DenoKvOutbox.open(new HookedKv(kv, losing));
    const lose = <T>(work: () => Promise<T>): Promise<T> => {
      isLost = true;
      return work();
    };
    assert.equal((await lose(() => outbox.append(QUEUE, [newWrite("a"), newWrite("b")]))).length, 2);
    assert.deepEqual(await idsIn(outbox), ["a", "b"]);
    const term = await lose(() => outbox.lease(QUEUE, "a", 1, 10)) ?? -1;
    const marks: OutboxMark[] = [{ kind: "sent", id: "a" }, { kind: "sent", id: "b" }];
    assert.equal(await lose(() => outbox.mark(QUEUE, term, marks, 1)), true);
    assert.deepEqual(await attemptsOf(outbox), [1, 1]);
    assert.equal(await lose(() => outbox.mark(QUEUE, term, [{ kind: "answered", id: "a" }], 1)), true);
    assert.deepEqual(await idsIn(outbox), ["b"]);
  });

  kvIt("says that it failed when the database fails, and has no half of the step", async () => {
    using kv = await Deno.openKv(":memory:");
    let fails = false;
    const outbox = await DenoKvOutbox.open(
      new HookedKv(kv, (call, work) => {
        if (call === "commit" && fails) throw new Error("no space left");
        return work();
      }),
    );
    await outbox.append(QUEUE, [newWrite("a")]);
    const before = await all(kv);
    fails = true;
    await assert.rejects(outbox.append(QUEUE, [newWrite("b"), newWrite("c")]), outboxError(/Deno KV failed/, true));
    assert.deepEqual(await all(kv), before);
    fails = false;
    await outbox.append(QUEUE, [newWrite("b")]);
    assert.deepEqual(await idsIn(outbox), ["a", "b"]);
  });

  kvIt("keeps what fits into no value in parts, which leave with it", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    const text = "x".repeat(1_000_000);
    await outbox.append(QUEUE, [newWrite("small"), newWrite("large", text)]);
    assert((await stored(kv, "part", "vantage_outbox")).length > 10);
    const [, entry] = await outbox.load(QUEUE, 0, 10);
    assert(entry !== undefined && !isUnreadable(entry));
    assert.deepEqual(entry.write, newWrite("large", text));
    assert.equal(await outbox.remove(QUEUE, "large"), true);
    for (const kind of ["part", "loose"]) assert.deepEqual(await stored(kv, kind, "vantage_outbox"), [], kind);
    await assert.rejects(outbox.append(QUEUE, [newWrite("small"), newWrite("b", text)]), { name: "ConflictError" });
    for (const kind of ["part", "loose"]) assert.deepEqual(await stored(kv, kind, "vantage_outbox"), [], kind);
  });

  kvIt("takes 100 writes that are large together, and marks them all in one step", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    const ids = Array.from({ length: 100 }, (_, at) => `w${at}`);
    await outbox.append(QUEUE, ids.map((id) => newWrite(id, "x".repeat(20_000))));
    const term = await outbox.lease(QUEUE, "b", 1, 10) ?? -1;
    assert(await outbox.mark(QUEUE, term, ids.map((id) => ({ kind: "sent", id })), 1));
    const answer = { text: "y".repeat(20_000) };
    assert(
      await outbox.mark(QUEUE, term, ids.map((id) => ({ kind: "answered", id, answer, realId: `real ${id}` })), 1),
    );
    const answers = await outbox.answers(QUEUE, "a");
    assert.deepEqual(answers.map(({ id }) => id), ids);
    assert.deepEqual(answers[0]?.answer, answer);
    assert.equal(answers[99]?.answer, undefined, "what fits into no step is kept without its row");
    assert.equal(answers[99]?.realId, "real w99");
  });

  kvIt("takes 100 writes whose names are as long as names in keys can be", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv, { namespace: "n".repeat(32) });
    const long = (name: string): string => `${name}${"\u{1f950}".repeat(200)}`;
    const [queue, holder] = [long("queue"), long("holder")];
    const ids = Array.from({ length: 100 }, (_, at) => long(`w${at}`));
    await outbox.append(queue, ids.map((id) => ({ ...newWrite(id, "x"), acceptedBy: holder })));
    const term = await outbox.lease(queue, "b", 1, 10) ?? -1;
    const failure = {
      code: "rejected",
      message: "\u{1f950}".repeat(9_000),
      effect: "none",
      retriable: false,
      at: 1,
    } as const;
    assert(await outbox.mark(queue, term, ids.map((id) => ({ kind: "sent", id })), 1));
    assert(await outbox.mark(queue, term, ids.map((id) => ({ kind: "failed", id, failure })), 1));
    assert.equal((await outbox.answers(queue, holder)).length, 100);
    assert(await outbox.mark(queue, term, ids.map((id) => ({ kind: "answered", id, realId: "real" })), 1));
    assert.deepEqual(await idsIn(outbox, queue), []);
    assert.equal((await outbox.answers(queue, holder)).length, 100);
  });

  kvIt("refuses by name what Deno KV cannot hold", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    const many = Array.from({ length: 101 }, (_, at) => newWrite(`w${at}`));
    await assert.rejects(outbox.append(QUEUE, many), outboxError(/101 writes in one step: Deno KV takes 100/));
    const large = newWrite("large", "x".repeat(17 * 2 ** 20));
    await assert.rejects(outbox.append(QUEUE, [large]), {
      name: "RangeError",
      message: /the write "large" \(insert row "large"\): it has \d+ bytes of at most \d+/,
    });
    const named = newWrite("i".repeat(40_000));
    await assert.rejects(outbox.append(QUEUE, [named]), {
      name: "RangeError",
      message: /its ids have \d+ characters of at most \d+/,
    });
    assert.deepEqual(await idsIn(outbox), []);
  });

  kvIt("removes the parts that a process left when it died, an hour later", async () => {
    using kv = await Deno.openKv(":memory:");
    const clock = new FakeClock();
    let commits = 0;
    await new Promise<void>((resolve, reject) => {
      const die: KvHook = (call, work) => {
        if (call !== "commit" || ++commits === 1) return work();
        resolve();
        return new Promise(() => {});
      };
      DenoKvOutbox.open(new HookedKv(kv, die), { clock })
        .then((dying) => dying.append(QUEUE, [newWrite("large", "x".repeat(1_000_000))])).catch(reject);
    });
    assert.equal((await stored(kv, "part", "vantage_outbox")).length, 11);
    await DenoKvOutbox.open(kv, { clock });
    assert.equal((await stored(kv, "part", "vantage_outbox")).length, 11, "the process may still write the rest");
    await clock.advance(3_600_001);
    await DenoKvOutbox.open(kv, { clock });
    for (const kind of ["part", "loose"]) assert.deepEqual(await stored(kv, kind, "vantage_outbox"), [], kind);
  });

  kvIt("leaves nothing behind but where it stands, once all is answered and the lease is given up", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    for (let round = 0; round < 3; round++) {
      await outbox.append(QUEUE, [newWrite("a"), newWrite("large", "x".repeat(100_000))]);
      const term = await outbox.lease(QUEUE, "b", 1, 10) ?? -1;
      const marks: OutboxMark[] = [{ kind: "answered", id: "a" }, { kind: "answered", id: "large" }];
      assert(await outbox.mark(QUEUE, term, marks, 1));
      await outbox.release(QUEUE, term);
      assert.equal((await outbox.answers(QUEUE, "a")).length, 2);
      const kinds = (await all(kv)).map((each) => (each as { readonly key: readonly unknown[] }).key[1]);
      assert.deepEqual(kinds, ["count", "count", "floor", "version"]);
    }
  });

  kvIt("refuses options that are none, or make no sense", async () => {
    using kv = await Deno.openKv(":memory:");
    const open = (options: object): Promise<unknown> => DenoKvOutbox.open(kv, options);
    for (const bound of ["maxEntries", "maxBytes", "maxAnswers", "maxAnswerAgeMs"]) {
      await assert.rejects(open({ [bound]: 0 }), { name: "RangeError", message: new RegExp(bound) });
    }
    await assert.rejects(open({ maxEntrys: 5 }), { name: "TypeError", message: /maxEntrys/ });
    await assert.rejects(open({ namespace: "" }), { name: "TypeError", message: /namespace/ });
    await assert.rejects(open({ clock: {} }), { name: "TypeError", message: /clock/ });
  });

  kvIt("rejects every call once it is closed", async () => {
    using kv = await Deno.openKv(":memory:");
    const outbox = await DenoKvOutbox.open(kv);
    await outbox.close();
    await assert.rejects(outbox.append(QUEUE, [newWrite("a")]), { name: "ClosedError" });
  });
});
