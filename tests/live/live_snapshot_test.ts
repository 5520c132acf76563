import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Rows } from "@vantage/live";
import { nextSnapshot, NOTHING_YET } from "../../src/live/live_snapshot.ts";

describe("nextSnapshot()", () => {
  const rows = Rows.from([["a", { n: 1 }], ["b", { n: 2 }]]);
  const before = nextSnapshot(NOTHING_YET, { status: "success", rows, fetchedAt: 1 });

  it("answers with the snapshot from before if there is nothing new to see", () => {
    const { revision: _, layoutRevision: __, ...shown } = before;
    assert.equal(nextSnapshot(before, {}), before);
    assert.equal(nextSnapshot(before, shown), before);
  });

  it("answers with a new one for each field that is another", () => {
    for (
      const change of [
        { status: "error" },
        { error: undefined, rows: Rows.from([...rows]) },
        { error: new Error("no connection") },
        { fetchStatus: "fetching" },
        { fetchedAt: 2 },
      ] as const
    ) {
      const after = nextSnapshot(before, change);
      assert.deepEqual({ ...after }, { ...before, ...change, revision: 2 });
      assert(Object.isFrozen(after));
    }
  });

  it("counts layouts: whether ids have come, gone or moved", () => {
    assert.deepEqual([NOTHING_YET.layoutRevision, before.layoutRevision], [0, 1]);
    const turned = nextSnapshot(before, { rows: Rows.from([...rows].reverse()) });
    assert.equal(turned.layoutRevision, 2);
  });
});
