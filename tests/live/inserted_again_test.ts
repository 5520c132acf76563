import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveEvent, type LiveStream, ManualLiveStream, Pagination, type Query } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { fixture } from "./fixture.ts";

const VIEWS: readonly (readonly [name: string, query: Query])[] = [
  ["page", { pagination: new Pagination(1, 3) }],
  ["list", {}],
];
/** What an event says of the row that was inserted again. */
const EVENTS: readonly (readonly [says: string, event: LiveEvent])[] = [
  ["with its row", { kind: "inserted", id: "a", row: { name: "Bun", price: 3 } }],
  ["without its row", { kind: "inserted", id: "a" }],
];

/** A stream that tells of what others did, each at once. */
function orderedStream(): { readonly stream: LiveStream; readonly push: (event: LiveEvent) => void } {
  const manual = new ManualLiveStream();
  return {
    stream: { ordered: true, subscribe: (options) => manual.subscribe(options) },
    push: (event) => void manual.push(event),
  };
}

describe("A row that is deleted here, and inserted again by another", () => {
  for (const [name, query] of VIEWS) {
    for (const [says, event] of EVENTS) {
      it(`is in its new place in a ${name}, before the deletion is answered, after an event ${says}`, async () => {
        const { stream, push } = orderedStream();
        const { table, master } = fixture({ liveStream: stream });
        await settle();
        const view = table.withQuery(query);
        assert.deepEqual((await view.listValues()).ids(), ["a", "b", "c"]);
        const gate = master.plan.hold("delete", "after");
        const deleted = table.delete("a");
        await gate.reached;
        await master.insertValue("a", { name: "Bun", price: 3 });
        push(event);
        await settle();
        assert.deepEqual((await view.listValues()).ids(), ["b", "c", "a"]);
        gate.release();
        await deleted;
        assert.deepEqual((await view.listValues()).ids(), ["b", "c", "a"]);
        await table.close();
      });
    }

    it(`costs nothing in a ${name} while no write is in flight`, async () => {
      const { stream, push } = orderedStream();
      const { table, master } = fixture({ liveStream: stream });
      await settle();
      const view = table.withQuery(query);
      await view.listValues();
      await master.replaceValue("a", { name: "Bun", price: 3 }); // A server may not know whether there was one.
      push({ kind: "inserted", id: "a", row: { name: "Bun", price: 3 } });
      await settle();
      assert.equal((await view.listValues()).get("a")?.price, 3);
      assert.equal(master.plan.count("listValues"), 1);
      await table.close();
    });
  }
});

describe("A row that is replaced, and was deleted by another in between", () => {
  it("counts as inserted: what is held of it is no proof that it was there", async () => {
    const { table, master } = fixture();
    assert.equal((await table.getValue("a"))?.name, "Bun");
    await master.delete("a");
    assert.deepEqual((await table.page(1, 2).listValues()).ids(), ["b", "c"]);
    assert.deepEqual((await table.page(2, 2).listValues()).ids(), []);
    await table.replaceValue("a", { name: "Bun", price: 3 });
    assert.deepEqual((await table.page(2, 2).listValues()).ids(), ["a"]);
    await table.close();
  });
});
