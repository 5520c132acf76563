import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineTable, LiveTable, MemCache, MemOutbox, NotFoundError, type Row } from "@vantage/live";
import { RowIds } from "../../src/queue/row_ids.ts";

const MANY = 10_500;

describe("RowIds", () => {
  const learnMany = (ids: RowIds): void => {
    for (let n = 0; n < MANY; n++) ids.learn(`other made ${n}`, `other ${n}`);
  };

  it("forget the oldest beyond 10 000", () => {
    const ids = new RowIds();
    ids.learn("made", "real");
    learnMany(ids);
    assert.deepEqual([ids.real("made"), ids.made("real")], ["made", "real"]);
    assert.equal(ids.real("other made 500"), "other 500");
    assert.equal(ids.real("other made 499"), "other made 499");
  });

  it("keep those that pending writes need, by whichever id they name the row, until the last has ended", () => {
    for (const named of ["made", "real"]) {
      for (const isKnownBefore of [false, true]) {
        const ids = new RowIds();
        if (isKnownBefore) ids.learn("made", "real");
        ids.begin(named);
        ids.begin(named);
        if (!isKnownBefore) ids.learn("made", "real");
        ids.end(named);
        learnMany(ids);
        assert.deepEqual([ids.real("made"), ids.made("real")], ["real", "made"]);
        ids.end(named);
        assert.equal(ids.real("made"), "real", "it is the newest that is not needed");
        learnMany(ids);
        learnMany(ids);
        for (let n = 0; n < MANY; n++) ids.learn(`more made ${n}`, `more ${n}`);
        assert.deepEqual([ids.real("made"), ids.made("real")], ["made", "real"]);
      }
    }
  });
});

describe("LiveTable, rows inserted offline under made ids", () => {
  /** A master that gives ids of its own. */
  function opened(outbox: MemOutbox | undefined, rows: Map<string, Row>): LiveTable {
    const patch = (id: string, partial: Row): Row => {
      const row = rows.get(id);
      if (row === undefined) throw new NotFoundError(`no ${id}`);
      rows.set(id, { ...row, ...partial });
      return { ...row, ...partial };
    };
    const insertReturnId = (row: Row): string => {
      rows.set(`real ${rows.size}`, row);
      return `real ${rows.size - 1}`;
    };
    const master = defineTable({ name: "t", list: () => rows, get: (id) => rows.get(id), insertReturnId, patch });
    return new LiveTable(master, "t", new MemCache(), { outbox, retry: {}, queueCapacity: 100_000, optimistic: true });
  }

  it("get the writes that follow them, however many there are", async () => {
    for (const outbox of [undefined, new MemOutbox()]) {
      const rows = new Map<string, Row>();
      const live = opened(outbox, rows);
      live.setOnline(false);
      const patches = Array.from({ length: MANY }, (_, n) => {
        const { rowId = "" } = live.enqueue({ kind: "insertReturnId", row: { n } });
        return live.enqueue({ kind: "patch", id: rowId, partial: { patched: true } });
      });
      await Promise.all(patches.map(({ accepted }) => accepted));
      live.setOnline(true);
      await Promise.all(patches.map(({ applied }) => applied));
      assert([...rows.values()].every(({ patched }) => patched === true));
      await live.close();
    }
  });
});
