import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  defineTable,
  InvalidAnswerError,
  InvalidRowError,
  MemTable,
  NotFoundError,
  type Row,
  type StandardSchema,
  UnsupportedError,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { z } from "zod";
import { counted, LIBRARIES, type Product } from "./schemas.ts";

const ROWS: readonly (readonly [string, Row])[] = [
  ["a", { name: "Bun", price: 2 }],
  ["b", { name: "Roll", price: 1, note: "soft" }],
];

function products(rows: readonly (readonly [string, Row])[] = ROWS): MemTable {
  return new MemTable("products", { rows });
}

/** What a form has, whose types say nothing. */
function untyped(value: unknown): never {
  return value as never;
}

async function issuesOf(failing: Promise<unknown>): Promise<[path: string, what: string][]> {
  const error = await failing.then(() => assert.fail("It was not refused"), (failed: unknown) => failed);
  assert(error instanceof InvalidRowError, String(error));
  assert.equal(error.code, "rejected");
  assert.equal(error.effect, "none");
  return error.issues.map(({ path, message }) => [path.map(String).join("."), message]);
}

for (const { library, product, priced, range, strict, loose } of LIBRARIES) {
  describe(`TypedSet with a schema of ${library}`, () => {
    it("reads what the schema makes of rows", async () => {
      const set = products([...ROWS, ["c", { name: " Tart ", price: 5, secret: 1 }]]).typed(product);
      assert.deepEqual((await set.list()).ids(), ["a", "b", "c"]);
      assert.deepEqual(await set.get("a"), { name: "Bun", price: 2 });
      assert.equal((await set.get("c"))?.name, "Tart");
      assert.equal(await set.get("d"), undefined);
      assert.deepEqual(await set.getSome(), ["a", { name: "Bun", price: 2 }]);
    });

    it("writes with the entity verbs, and answers with rows that were checked", async () => {
      const table = products();
      const set = table.typed(product);
      assert.deepEqual(await set.insert("c", { name: " Tart ", price: 5 }), { name: "Tart", price: 5 });
      assert.deepEqual(await set.replace("a", { name: "Bun", price: 3, note: "new" }), {
        name: "Bun",
        price: 3,
        note: "new",
      });
      assert.deepEqual(await set.patch("b", { name: " Bap" }), { name: "Bap", price: 1, note: "soft" });
      const id = await set.insertReturnId({ name: " Pie", price: 4 });
      assert.deepEqual(await table.getValue(id), { name: "Pie", price: 4 });
      await set.delete("a");
      assert.deepEqual((await set.list()).ids(), ["b", "c", id]);
      await assert.rejects(set.patch("a", { price: 1 }), NotFoundError);
    });

    it("sends nothing that does not keep to the schema, and names each column", async () => {
      const table = products();
      const set = table.typed(product);
      const bad = untyped({ name: 1, price: "2" });
      for (
        const failing of [
          set.insert("c", bad),
          set.insertReturnId(bad),
          set.replace("a", bad),
          set.patch("a", bad),
        ]
      ) assert.deepEqual((await issuesOf(failing)).map(([path]) => path).sort(), ["name", "price"]);
      assert.deepEqual(await issuesOf(set.patch("a", untyped({ price: "2" }))).then((all) => all.map(([at]) => at)), [
        "price",
      ]);
      assert.deepEqual((await table.listValues()).toArray(), ROWS);
    });

    it("a patch is checked by its columns where the row is not known: what is absent is no issue", async () => {
      const set = products().typed(product);
      assert.deepEqual(await set.patch("a", { price: 7 }), { name: "Bun", price: 7 });
    });

    it("replace() keeps the columns that the schema does not know, and no others", async () => {
      for (const schema of [product, loose]) {
        const table = products([["a", { name: "Bun", price: 2, note: "soft", ...EXTRA }]]);
        await table.typed(schema as StandardSchema<Product>).replace("a", { name: "Bap", price: 3 });
        assert.deepEqual(await table.getValue("a"), { name: "Bap", price: 3, ...EXTRA });
      }
    });

    it("a schema that allows no other columns is one that knows them all", async () => {
      const table = products([["a", { name: "Bun", extra: 1 }]]);
      const set = table.typed(strict, { onInvalidRow: "drop" });
      assert.equal(await set.get("a"), undefined);
      await set.replace("a", { name: "Bap" });
      assert.deepEqual(await table.getValue("a"), { name: "Bap" });
    });

    it("of a schema that does not take its own output, columns are stored as they are given", async () => {
      const table = products([]);
      const set = table.typed(priced);
      assert.deepEqual(await set.insert("a", { name: " Bun ", price: "2" }), { name: "Bun", price: 2 });
      assert.deepEqual(await table.getValue("a"), { name: "Bun", price: "2" });
      assert.deepEqual(await set.patch("a", { price: "3" }), { name: "Bun", price: 3 });
      assert.deepEqual(await set.replace("a", { name: "Bap ", price: "4" }), { name: "Bap", price: 4 });
      assert.deepEqual(await table.getValue("a"), { name: "Bap", price: "4" });
      assert.deepEqual((await set.list()).toArray(), [["a", { name: "Bap", price: 4 }]]);
    });

    it("rows that are not valid reject, are left out, or are kept", async () => {
      const table = products([["bad", { name: "Bun", price: "2" }], ...ROWS]);
      for (const failing of [() => table.typed(product).list(), () => table.typed(product).get("bad")]) {
        await assert.rejects(failing, (error) => {
          assert(error instanceof InvalidAnswerError);
          assert.match(error.message, /Row "bad" of "products" .*price/);
          assert(error.cause instanceof InvalidRowError);
          assert.deepEqual(error.cause.issues.map(({ path }) => path), [["price"]]);
          return true;
        });
      }
      assert.deepEqual(await table.typed(product).get("a"), { name: "Bun", price: 2 });
      const dropping = table.typed(product, { onInvalidRow: "drop" });
      assert.deepEqual((await dropping.list()).ids(), ["a", "b"]);
      assert.equal(await dropping.get("bad"), undefined);
      assert.equal((await dropping.getSome())?.[0], "a");
      const keeping = table.typed(product, { onInvalidRow: "keep" });
      assert.deepEqual((await keeping.list()).get("bad"), { name: "Bun", price: "2" });
      assert.deepEqual(await keeping.get("bad"), { name: "Bun", price: "2" });
    });

    it("an entity is edited as the output, and what is saved is checked", async () => {
      const table = products([["a", { name: " Bun", price: 2, extra: 1 }]]);
      const entity = await table.typed(product).getEntity("a");
      assert(entity);
      assert.equal(entity.data.name, "Bun");
      entity.data.name = "Bap ";
      await entity.save();
      assert.equal(entity.data.name, "Bap");
      assert.deepEqual(await table.getValue("a"), { name: "Bap", price: 2, extra: 1 });
      entity.data.price = untyped("3");
      assert.deepEqual((await issuesOf(entity.save())).map(([path]) => path), ["price"]);
      assert(entity.isDirty);
      delete entity.data.note;
      entity.revert();
      await table.patchValue("a", { name: "Bun" }); // somebody else
      entity.data.name = "Roll";
      await assert.rejects(entity.save(), { name: "RecordConflictError" });
      const [listed, ...others] = await table.typed(product).listEntities();
      assert.equal(others.length, 0);
      await listed?.delete();
      assert.equal(await table.getCount(), 0);
    });

    it("an entity of a schema that does not take its own output can be edited where it does", async () => {
      const table = products([["a", { name: "Bun", price: "2" }]]);
      const entity = await table.typed(priced).getEntity("a");
      assert(entity);
      assert.equal(entity.data.price, 2);
      entity.data.name = "Bap";
      await entity.save();
      assert.deepEqual(await table.getValue("a"), { name: "Bap", price: "2" });
      entity.data.price = 3;
      assert.deepEqual((await issuesOf(entity.save())).map(([path]) => path), ["price"]);
    });

    it("rows between whose columns there is a rule", async () => {
      const table = new MemTable("ranges", { rows: [["a", { least: 1, most: 5 }]] });
      const set = table.typed(range);
      assert.deepEqual(await set.insert("b", { least: 1, most: 2 }), { least: 1, most: 2 });
      assert.equal((await issuesOf(set.insert("c", { least: 3, most: 2 }))).length, 1);
      assert.deepEqual((await issuesOf(set.insert("c", { least: 3, most: 2 })))[0]?.[0], "");
    });

    it("takes a schema that answers later", async () => {
      const schema = counted(product, true);
      const table = products([["a", { name: "Bun", price: 2, extra: 1 }]]);
      const set = table.typed(schema);
      assert.deepEqual((await set.list()).get("a")?.name, "Bun");
      assert.equal((await set.insert("c", { name: " Tart", price: 5 })).name, "Tart");
      assert.equal((await set.replace("a", { name: "Bap ", price: 2 })).name, "Bap");
      assert.equal((await table.getValue("a"))?.["extra"], 1);
      assert.equal((await set.patch("a", { price: 8 })).price, 8);
      assert.equal((await issuesOf(set.patch("a", untyped({ price: "8" })))).length, 1);
      assert.equal((await set.getEntity("a"))?.data.price, 8);
    });
  });
}

const EXTRA = { extra: 1, more: "x" };

describe("TypedSet", () => {
  const { product } = LIBRARIES[0] ?? assert.fail();

  it("refuses what is no schema, and names it", () => {
    const table = products();
    const no = { "~standard": {} };
    for (
      const [given, named] of [
        [undefined, "undefined"],
        [null, "null"],
        [5, "number 5"],
        ["schema", '"schema"'],
        [{}, "an object"],
        [() => {}, "a function"],
        [Promise.resolve(product), "an object of class Promise"],
        [no, "an object"],
        [{ "~standard": { version: 2, validate: () => ({ value: {} }) } }, "an object"],
      ] as const
    ) {
      assert.throws(() => table.typed(untyped(given)), {
        name: "TypeError",
        message: `typed() takes a Standard Schema, such as those of zod, valibot and arktype, got ${named}`,
      });
    }
    assert.throws(() => table.typed(product, untyped({ onInvalid: "drop" })), /Unknown option "onInvalid"/);
    assert.throws(() => table.typed(product, untyped({ onInvalidRow: "warn" })), {
      name: "RangeError",
      message: 'onInvalidRow must be "reject", "drop" or "keep", got "warn"',
    });
  });

  it("narrowed handles have it", async () => {
    const set = products().where("price", "lt", 2).typed(product);
    assert.deepEqual((await set.list()).ids(), ["b"]);
    assert.equal(await set.get("a"), undefined);
    await assert.rejects(set.patch("a", { price: 1 }), NotFoundError);
  });

  it("what one schema made of a row is not shown by another", async () => {
    const table = products();
    const shout: StandardSchema<{ name: string }> = z.object({ name: z.string().transform((name) => `${name}!`) });
    const named: StandardSchema<{ name: string }> = z.object({ name: z.string() });
    assert.deepEqual(await table.typed(named).get("a"), { name: "Bun" });
    assert.deepEqual(await table.typed(shout).get("a"), { name: "Bun!" });
    assert.deepEqual(await table.typed(named).get("a"), { name: "Bun" });
  });

  it("stores what reads back as what the schema made of it, though it takes its own output", async () => {
    const table = products();
    const shout = z.object({ name: z.string().transform((name) => `${name}!`), vip: z.boolean().default(false) });
    assert.deepEqual(await table.typed(shout).insert("c", { name: "Pie" }), { name: "Pie!", vip: false });
    assert.deepEqual(await table.getValue("c"), { name: "Pie", vip: false });
  });

  it("refuses what no form of would be read back", async () => {
    let calls = 0;
    const table = products();
    const counting = z.object({ name: z.string(), at: z.unknown().transform(() => ++calls) });
    assert.match(
      (await issuesOf(table.typed(counting).insert("c", { name: "Pie", at: 0 })))[0]?.[1] ?? "",
      /reads neither/,
    );
    assert.equal(await table.getCount(), 2);
  });

  it("an output that no row can hold is an issue, not a crash", async () => {
    const table = products();
    const mapped = z.object({ name: z.string().transform((name) => new Map([[name, 1]])) });
    await assert.rejects(table.typed(mapped).list(), /The schema's output is no row.*Map/);
    assert.match((await issuesOf(table.typed(mapped).insert("c", { name: "Pie" })))[0]?.[1] ?? "", /Map/);
    const text = { "~standard": { version: 1, vendor: "x", validate: () => ({ value: "no row" }) } };
    await assert.rejects(table.typed(untyped(text)).list(), /A row must be a plain object/);
    for (const row of [null, 5, "Bun", []]) {
      await issuesOf(table.typed(product).insert("c", untyped(row)));
      await issuesOf(table.typed(product).patch("c", untyped(row)));
    }
  });

  it("an error of the schema itself is the caller's, and nothing is remembered or sent", async () => {
    let fails = true;
    const table = products();
    for (const isLater of [false, true]) {
      const schema = counted(
        z.object({ name: z.string() }).transform((row) => {
          if (fails) throw new Error("The rule is broken");
          return row;
        }),
        isLater,
      );
      fails = true;
      await assert.rejects(table.typed(schema).list(), /The rule is broken/);
      await assert.rejects(table.typed(schema).insert("c", { name: "Pie" }), /The rule is broken/);
      fails = false;
      assert.deepEqual((await table.typed(schema).list()).ids(), ["a", "b"]);
    }
  });

  it("columns of a row that is not valid can be repaired one by one", async () => {
    const table = products([["a", { name: 1, price: "2" }]]);
    const set = table.typed(product, { onInvalidRow: "keep" });
    await set.patch("a", { name: "Bun" });
    await set.patch("a", { price: 2 });
    assert.deepEqual(await table.typed(product).get("a"), { name: "Bun", price: 2 });
  });

  it("writes to one row are sent in the order of their calls, also while one is being checked", async () => {
    const calls: string[] = [];
    const row = { name: "Bun", price: 2 };
    let find = (_row: Row): void => assert.fail();
    const found = new Promise<Row>((resolve) => find = resolve);
    const table = defineTable({
      name: "products",
      list: () => [["a", row]],
      get: () => found,
      insert: (_id, row) => (calls.push("insert"), row),
      replace: (_id, row) => (calls.push("replace"), row),
      patch: () => (calls.push("patch"), row),
      delete: () => void calls.push("delete"),
    });
    const set = table.typed(product);
    const writes = [set.replace("a", row), set.patch("a", { price: 3 }), set.delete("a"), set.insert("a", row)];
    await settle();
    assert.deepEqual(calls, []);
    find(row);
    await Promise.all(writes);
    assert.deepEqual(calls, ["replace", "patch", "delete", "insert"]);
    calls.length = 0;
    await Promise.all([assert.rejects(set.replace("a", untyped({}))), set.delete("a")]);
    assert.deepEqual(calls, ["delete"]);
  });

  it("a write that needs no reading is sent at once", () => {
    const calls: string[] = [];
    const row = { name: "Bun", price: 2 };
    const table = defineTable({ name: "products", list: () => [], insert: (id) => (calls.push(id), row) });
    void table.typed(product).insert("a", row);
    assert.deepEqual(calls, ["a"]);
  });

  it("replace() is refused where a row cannot be looked up, since columns would be lost", async () => {
    const table = defineTable({
      name: "products",
      list: () => [],
      replace: (_id, row) => row,
      capabilities: { get: false },
    });
    await assert.rejects(table.typed(product).replace("a", { name: "Bun", price: 2 }), UnsupportedError);
  });

  it("replace() leaves columns alone that the master computes", async () => {
    const sent: Row[] = [];
    const table = defineTable({
      name: "products",
      columns: [{ name: "name" }, { name: "price" }, { name: "tax", flags: ["generated"] }, { name: "shelf" }],
      list: () => [["a", { name: "Bun", price: 2, tax: 1, shelf: 3 }]],
      replace: (_id, row) => (sent.push(row), row),
    });
    await table.typed(product).replace("a", { name: "Bap", price: 2 });
    assert.deepEqual(sent, [{ name: "Bap", price: 2, shelf: 3 }]);
  });

  it("a schema cannot change what is held, and readers cannot change what others read", async () => {
    const table = new MemTable("events", { rows: [["a", { at: new Date(0), tags: ["x"] }]] });
    const touching = z.object({
      at: z.date().transform((at) => (at.setFullYear(2000), at)),
      tags: z.array(z.string()),
    });
    const set = table.typed(touching);
    const [first, second] = [await set.get("a"), await set.get("a")];
    assert.equal(first?.at.getFullYear(), 2000);
    first?.at.setFullYear(1900);
    assert.equal(second?.at.getFullYear(), 2000);
    (await set.list()).get("a")?.at.setFullYear(1900);
    assert.equal((await set.list()).get("a")?.at.getFullYear(), 2000);
    assert(Object.isFrozen(first?.tags));
    assert.deepEqual((await table.getValue("a"))?.["at"], new Date(0));
  });

  it("works from behind a Proxy", async () => {
    const set = new Proxy(new Proxy(products(), {}).typed(product), {});
    assert.deepEqual((await set.list()).ids(), ["a", "b"]);
    assert.equal((await set.patch("a", { price: 9 })).price, 9);
  });
});
