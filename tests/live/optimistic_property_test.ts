import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Cache,
  LiveTable,
  MemCache,
  MemTable,
  NotFoundError,
  type Query,
  type Row,
  type WriteOp,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { CACHES } from "./fixture.ts";

const RUNS = 150;
const IDS = ["a", "b", "c", "d", "e"];
const WHOLE: Query = { orderBy: [["n", "asc"], ["id", "asc"]] };
const QUERIES: readonly Query[] = [
  WHOLE,
  {},
  { where: [["n", "gt", 1]], orderBy: [["n", "desc"], ["id", "asc"]] },
  { where: [["city", "eq", "riga"]], orderBy: [["id", "desc"]] },
];

type Step =
  | { readonly kind: "write"; readonly op: WriteOp; readonly within: Query }
  | { readonly kind: "look" | "foreign" | "refuse" | "online" };

const id = fc.constantFrom(...IDS);
const row = (id: string): fc.Arbitrary<Row> =>
  fc.record({ id: fc.constant(id), n: fc.nat(3), city: fc.constantFrom("riga", "oslo") }, { noNullPrototype: true });
const op: fc.Arbitrary<WriteOp> = id.chain((id) =>
  fc.oneof(
    row(id).map((row): WriteOp => ({ kind: "insert", id, row })),
    row(id).map((row): WriteOp => ({ kind: "replace", id, row })),
    row(id).map(({ n = 0 }): WriteOp => ({ kind: "patch", id, partial: { n } })),
    row(id).map(({ city = "" }): WriteOp => ({ kind: "patch", id, partial: { city } })),
    fc.constant<WriteOp>({ kind: "delete", id }),
    fc.constant<WriteOp>({ kind: "deleteAll" }),
  )
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("write"), op, within: fc.constantFrom<Query>({}, {}, ...QUERIES) }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "look" }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: "foreign" }, { kind: "refuse" }, { kind: "online" }) },
);
const rows = fc.uniqueArray(id.chain(row), { selector: ({ id }) => id, maxLength: IDS.length });

async function apply(table: MemTable, op: WriteOp, within: Query): Promise<void> {
  const live = new LiveTable(table, "t", new MemCache());
  await live.withQuery(within).enqueue(op).applied.catch((error) => {
    if (!(error instanceof NotFoundError)) throw error;
  });
  await live.close();
}

/** A master with a table in front of it, and the writes that the table has accepted and not sent. */
class World {
  readonly master: MemTable;
  readonly table: LiveTable;
  readonly #pending: (Step & { readonly kind: "write" })[] = [];
  readonly #writes: { cancel(): boolean }[] = [];
  #count = 0;

  constructor(rows: readonly Row[], cache: Cache) {
    const entries = rows.map((row) => [String(row.id), row] as const);
    this.master = new MemTable("t", { rows: entries, idField: "id" });
    this.table = new LiveTable(this.master, "t", cache, { optimistic: true });
    this.table.setOnline(false);
  }

  async act(step: Step): Promise<void> {
    switch (step.kind) {
      case "write":
        this.#pending.push(step);
        this.#writes.push(this.table.withQuery(step.within).enqueue(step.op));
        return;
      case "look":
        return await this.check();
      case "foreign":
        // A row of its own: what is known of it comes from the master alone.
        await this.master.replaceValue("f", { id: "f", n: this.#count++, city: "riga" });
        return await this.table.invalidate();
      case "refuse":
        this.#pending.pop();
        return void this.#writes.pop()?.cancel();
      case "online":
        this.table.setOnline(true);
        await this.table.idle();
        this.table.setOnline(false);
        this.#pending.length = 0;
        this.#writes.length = 0;
        return;
    }
  }

  /** What is shown is what the master would answer after the writes. */
  async check(): Promise<void> {
    const expected = new MemTable("t", { rows: await this.master.listValues(), idField: "id" });
    for (const { op, within } of this.#pending) await apply(expected, op, within);
    for (const query of QUERIES) {
      const [shown, truth] = [this.table.withQuery(query), expected.withQuery(query)];
      const [rows, trueRows] = [await shown.listValues(), await truth.listValues()];
      assert.deepEqual(new Map(rows), new Map(trueRows));
      if (query.orderBy !== undefined) assert.deepEqual(rows.ids(), trueRows.ids());
      for (const id of IDS) assert.deepEqual(await shown.getValue(id), await truth.getValue(id));
    }
    const window = await this.table.withQuery(WHOLE).window(0, 10);
    assert.deepEqual(window.rows.ids(), (await expected.withQuery(WHOLE).listValues()).ids());
  }
}

for (const { kind, cache } of CACHES) {
  describe(`LiveTable with optimistic, and ${kind}`, () => {
    it("answers, and shows watchers, what the master would after the writes that are pending", async () => {
      const property = fc.asyncProperty(rows, fc.array(step, { maxLength: 12 }), async (rows, steps) => {
        const world = new World(rows, cache());
        const observer = world.table.withQuery(WHOLE).observe();
        observer.subscribe(() => {});
        await observer.ready();
        for (const step of steps) {
          await world.act(step);
          await settle();
        }
        await world.check();
        const shown = observer.getSnapshot().rows;
        assert.deepEqual(shown?.toArray(), (await world.table.withQuery(WHOLE).listValues()).toArray());
        await world.act({ kind: "online" });
        await settle();
        assert.deepEqual(
          observer.getSnapshot().rows?.toArray(),
          (await world.master.withQuery(WHOLE).listValues()).toArray(),
        );
        assert.equal(observer.getSnapshot().pending.size, 0);
        await world.table.close();
      });
      await fc.assert(property, { numRuns: RUNS });
    });
  });
}
