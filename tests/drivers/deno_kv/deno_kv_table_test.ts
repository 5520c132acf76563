import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConflictError, InvalidAnswerError, LiveTable, MemCache, type Row, type Value } from "@vantage/live";
import { DenoKvTable, type KvKey } from "@vantage/live/deno-kv";
import { newPath } from "../../conformance/temp_folder.ts";
import { before, HookedKv, type KvCall, kvIt } from "./deno_kv_fixture.ts";

/** A handle that counts its calls. */
function counting(kv: Deno.Kv): { readonly handle: HookedKv; readonly calls: KvCall[] } {
  const calls: KvCall[] = [];
  return {
    handle: new HookedKv(kv, (call, work) => {
      calls.push(call);
      return work();
    }),
    calls,
  };
}

async function inMemory(check: (kv: Deno.Kv) => Promise<void>): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  await check(kv);
}

describe("DenoKvTable", () => {
  kvIt("has the rows that other code wrote under the prefix, and no others", () =>
    inMemory(async (kv) => {
      await kv.set(["shop", "products", "a"], { name: "Bun", at: new Date(1), raw: Uint8Array.of(1), big: 2n ** 64n });
      await kv.set(["shop", "products", "b", "history"], { name: "deeper" });
      await kv.set(["shop", "products", 7], { name: "a number as its id" });
      await kv.set(["shop", "clients", "marty"], { name: "Marty" });
      const products = await DenoKvTable.open(kv, ["shop", "products"]);
      assert.equal(products.tableName, "products");
      assert.deepEqual(Object.fromEntries(await products.listValues()), {
        a: { name: "Bun", at: new Date(1), raw: Uint8Array.of(1), big: 2n ** 64n },
      });
      await products.deleteAll();
      assert.equal((await kv.get(["shop", "clients", "marty"])).versionstamp !== null, true);
      assert.equal((await kv.get(["shop", "products", 7])).versionstamp !== null, true);
    }));

  kvIt("says that a value is no row, and which", () =>
    inMemory(async (kv) => {
      await kv.set(["t", "a"], "text");
      const table = await DenoKvTable.open(kv, ["t"]);
      const isNamed = (error: unknown): boolean =>
        error instanceof InvalidAnswerError && /"a" is no row/.test(error.message);
      await assert.rejects(table.listValues(), isNamed);
      await assert.rejects(table.getValue("a"), isNamed);
    }));

  kvIt("finds rows by an index without reading the others, with eq and in", () =>
    inMemory(async (kv) => {
      const cities = ["Riga", "Oslo", null, "Riga", undefined] as const;
      for (const [at, city] of cities.entries()) await kv.set(["t", `${at}`], city === undefined ? {} : { city, at });
      for (let at = 0; at < 300; at++) await kv.set(["t", `other ${at}`], { city: "elsewhere" });
      const { handle, calls } = counting(kv);
      const table = await DenoKvTable.open(handle, ["t"], { indexes: ["city"] });
      for (
        const [operand, ids] of [
          ["Riga", ["0", "3"]],
          ["Nowhere", []],
          [null, ["2", "4"]],
        ] as const
      ) {
        calls.length = 0;
        assert.deepEqual((await table.where("city", "eq", operand).listValues()).ids(), ids);
        assert(calls.filter((call) => call === "list").length <= 1 && calls.length <= 2, calls.join());
      }
      calls.length = 0;
      const set = table.where("city", "in", ["Oslo", "Riga", "Riga"]).where("at", "gt", 0);
      assert.deepEqual((await set.listValues()).ids(), ["1", "3"]);
      assert.equal(await set.getCount(), 2);
      assert.deepEqual(calls.filter((call) => call === "list").length, 4);
      await set.deleteAll();
      assert.deepEqual((await table.where("city", "in", ["Oslo", "Riga"]).listValues()).ids(), ["0"]);
    }));

  kvIt("tells values apart that share a place in an index", () =>
    inMemory(async (kv) => {
      const table = await DenoKvTable.open(kv, ["t"], { indexes: ["v"] });
      const long = "x".repeat(500);
      const values: readonly Value[] = [
        long,
        `${long}y`,
        2n ** 53n,
        2n ** 53n + 1n,
        1,
        1n,
        "1",
        true,
        [1],
        [2],
        {},
        null,
      ];
      for (const [at, v] of values.entries()) await table.insertValue(`${at}`.padStart(2, "0"), { v });
      for (const [at, v] of values.entries()) {
        const found = (await table.where("v", "eq", v).listValues()).ids();
        const expected = v === 1 || v === 1n ? ["04", "05"] : [`${at}`.padStart(2, "0")];
        assert.deepEqual(found, expected, String(v));
      }
    }));

  kvIt("builds an index of the rows that are there, once", () =>
    inMemory(async (kv) => {
      for (let at = 0; at < 25; at++) await kv.set(["t", `${at}`.padStart(2, "0")], { even: at % 2 === 0 });
      const first = await DenoKvTable.open(kv, ["t"], { indexes: ["even"] });
      assert.equal((await first.where({ even: true }).listValues()).size, 13);
      const { handle, calls } = counting(kv);
      await DenoKvTable.open(handle, ["t"], { indexes: ["even"] });
      assert.deepEqual(calls, ["getMany"]);
    }));

  kvIt("keeps an index complete that another process has added since it was opened", () =>
    inMemory(async (kv) => {
      const older = await DenoKvTable.open(kv, ["t"]);
      await older.insertValue("a", { city: "Riga" });
      const newer = await DenoKvTable.open(kv, ["t"], { indexes: ["city"] });
      await older.insertValue("b", { city: "Riga" });
      await older.patchValue("a", { city: "Oslo" });
      await older.insertValue("c", { city: "Oslo" });
      await older.delete("c");
      assert.deepEqual((await newer.where({ city: "Riga" }).listValues()).ids(), ["b"]);
      assert.deepEqual((await newer.where({ city: "Oslo" }).listValues()).ids(), ["a"]);
      const places: KvKey[] = [];
      for await (const { key } of kv.list({ prefix: ["vantage_table", "index"] })) places.push(key as KvKey);
      assert.equal(places.length, 2, "no place is left behind");
    }));

  kvIt("keeps the indexes of tables apart whose prefixes begin alike", () =>
    inMemory(async (kv) => {
      const [short, long] = [
        await DenoKvTable.open(kv, ["t"], { indexes: ["v"] }),
        await DenoKvTable.open(kv, ["t", "v"], { indexes: ["v"] }),
      ];
      await short.insertValue("a", { v: "x" });
      await long.insertValue("b", { v: "x" });
      assert.deepEqual((await short.where({ v: "x" }).listValues()).ids(), ["a"]);
      assert.deepEqual((await long.where({ v: "x" }).listValues()).ids(), ["b"]);
      assert.deepEqual((await short.listValues()).ids(), ["a"]);
    }));

  kvIt("does a write again that another process was faster with, and loses neither", () =>
    inMemory(async (kv) => {
      await kv.set(["t", "a"], { count: 1 });
      const hook = before("commit", 1, () => kv.set(["t", "a"], { count: 2, other: true }));
      const table = await DenoKvTable.open(new HookedKv(kv, hook), ["t"]);
      assert.deepEqual(await table.patchValue("a", { mine: true }), { count: 2, other: true, mine: true });
      const gone = before("commit", 1, () => kv.delete(["t", "a"]));
      const late = await DenoKvTable.open(new HookedKv(kv, gone), ["t"]);
      await assert.rejects(late.patchValue("a", { mine: false }), /no such row/);
      assert.equal((await kv.get(["t", "a"])).versionstamp, null);
    }));

  kvIt("does not delete a row that has left the set meanwhile", () =>
    inMemory(async (kv) => {
      await kv.set(["t", "a"], { done: true });
      const hook = before("commit", 1, () => kv.set(["t", "a"], { done: false }));
      const table = await DenoKvTable.open(new HookedKv(kv, hook), ["t"]);
      await table.where({ done: true }).deleteAll();
      assert.deepEqual((await kv.get(["t", "a"])).value, { done: false });
    }));

  kvIt("loses no write of several handles on one file", async () => {
    const path = newPath("kv.db");
    const tables: DenoKvTable[] = [];
    for (let at = 0; at < 3; at++) tables.push(await DenoKvTable.open(path, ["t"], { indexes: ["kind"] }));
    const inserted = await Promise.all(tables.map((table, at) => table.insertValue("a", { kind: "x", by: at })));
    assert.equal(new Set(inserted.map(({ by }) => by)).size, 1, "one is stored, and all are answered with it");
    await Promise.all(
      tables.flatMap((table, at) =>
        Array.from({ length: 5 }, (_, time) => table.patchValue("a", { [`${at} ${time}`]: true }))
      ),
    );
    assert.equal(Object.keys(await tables[0]?.getValue("a") ?? {}).length, 17);
    assert.deepEqual((await tables[1]?.where({ kind: "x" }).listValues())?.ids(), ["a"]);
    for (const table of tables) await table.close();
    await tables[0]?.close();
    await assert.rejects(async () => await tables[0]?.listValues());
  });

  kvIt("leaves a handle of the caller open", () =>
    inMemory(async (kv) => {
      const table = await DenoKvTable.open(kv, ["t"]);
      await table.close();
      assert.equal((await kv.get(["t", "a"])).versionstamp, null);
    }));

  kvIt("gives new ids, takes that of the row, and refuses one that is there", () =>
    inMemory(async (kv) => {
      const table = await DenoKvTable.open(kv, ["t"], { idField: "id" });
      const id = await table.insertReturnIdValue({ name: "Bun" });
      assert.match(id, /^[0-9a-f-]{36}$/);
      assert.deepEqual(await table.getValue(id), { id, name: "Bun" });
      assert.equal(await table.insertReturnIdValue({ name: "Roll" }, { newId: id }), id, "it was done before");
      assert.equal((await table.getValue(id))?.name, "Bun");
      assert.equal(await table.insertReturnIdValue({ id: "x" }), "x");
      await assert.rejects(table.insertReturnIdValue({ id: "x" }), ConflictError);
      for (const id of [{ a: 1 }, [1], new Date(0), Uint8Array.of(1), true]) {
        await assert.rejects(
          table.insertReturnIdValue({ id }),
          /TypeError: The id of a new row must be a text or a number/,
        );
      }
      assert.equal(await table.getCount(), 2);
    }));

  kvIt(
    "refuses what Deno KV cannot hold before it is sent, and finds nothing under such ids",
    () =>
      inMemory(async (kv) => {
        const { handle, calls } = counting(kv);
        const table = await DenoKvTable.open(handle, ["t"]);
        calls.length = 0;
        const long = "x".repeat(1_001);
        await assert.rejects(table.insertValue(long, {}), /RangeError: An id may have 1000 bytes, "x{20}…" has 1001/);
        await assert.rejects(table.insertValue("\0".repeat(501), {}), /has 1002/);
        await assert.rejects(table.replaceValue("a\ud800", {}), /TypeError: The id "a.+" has half of a surrogate pair/);
        assert.deepEqual(calls, []);
        await assert.rejects(
          table.insertValue("a", { text: "x".repeat(70_000) }),
          /RangeError: A row may have 65536 bytes in Deno KV, row "a" may have 70\d\d\d/,
        );
        assert.deepEqual(calls.filter((call) => call === "commit"), []);
        for (const id of [long, "a\ud800"]) {
          assert.equal(await table.getValue(id), undefined);
          await table.delete(id);
          await assert.rejects(table.patchValue(id, { a: 1 }), /no such row/);
        }
        await table.insertValue("x".repeat(1_000), { v: "y" });
        const indexed = await DenoKvTable.open(kv, ["t"], { indexes: ["v"] });
        assert.equal((await indexed.where({ v: "y" }).listValues()).size, 1);
      }),
  );

  kvIt("lets no row through that Deno KV refuses", () =>
    inMemory(async (kv) => {
      const table = await DenoKvTable.open(kv, ["t"]);
      const kinds: readonly ((size: number) => Row)[] = [
        (size) => ({ text: "x".repeat(size) }),
        (size) => ({ text: "\u{1f950}".repeat(size / 4) }),
        (size) => ({ text: "\u00e9".repeat(size) }),
        (size) => ({ raw: new Uint8Array(size) }),
        (size) => ({ big: 16n ** BigInt(2 * size) - 1n }),
        (size) => ({ list: Array.from({ length: size / 10 }, (_, at) => at + 0.5) }),
        (size) => ({ list: Array.from({ length: size / 9 }, (_, at) => new Date(at)) }),
        (size) => Object.fromEntries(Array.from({ length: size / 30 }, (_, at) => [`column ${at}`, { at }])),
        (size) => ({ list: Array.from({ length: size / 30 }, () => [[true], { a: null }, "\u2028", -1, 2n]) }),
      ];
      for (const [kind, make] of kinds.entries()) {
        let stored = 0;
        for (let size = 10_000; size < 70_000; size += 3_001) {
          const written = await table.replaceValue("a", make(size)).catch((error: unknown) => error);
          if (written instanceof RangeError) break;
          assert(!(written instanceof Error), `kind ${kind} of ${size}: ${written}`);
          stored = size;
        }
        assert(stored > 0, `${kind}`);
      }
    }));

  kvIt("is a master like any other", () =>
    inMemory(async (kv) => {
      const master = await DenoKvTable.open(kv, ["clients"], { indexes: ["city"] });
      const clients = new LiveTable(master, "clients", new MemCache());
      await clients.insertValue("marty", { city: "Hill Valley" });
      const set = clients.where({ city: "Hill Valley" });
      assert.equal((await set.listValues()).size, 1);
      assert.equal((await set.listValues()).size, 1);
      assert.equal(clients.stats().hits, 1);
      await clients.close();
    }));
});

describe("DenoKvTable.open()", () => {
  const kv = { getMany: () => [], list: () => [], atomic: () => ({}), close: () => {} } as never;
  for (
    const [what, open, message] of [
      ["no prefix", () => DenoKvTable.open(kv, []), /TypeError: A prefix must be an array of parts of a key/],
      ["a text as the prefix", () => DenoKvTable.open(kv, "products" as never), /got "products"/],
      ["a part that is none", () => DenoKvTable.open(kv, [null as never]), /TypeError: A prefix must be/],
      [
        "half of a surrogate pair in a prefix",
        () => DenoKvTable.open(kv, ["a\ud800"]),
        /TypeError: A prefix must not have half of a surrogate pair/,
      ],
      [
        "a long prefix",
        () => DenoKvTable.open(kv, ["x".repeat(257)]),
        /RangeError: A prefix may have 256 bytes, got 257/,
      ],
      [
        "a long column",
        () => DenoKvTable.open(kv, ["t"], { indexes: ["x".repeat(257)] }),
        /RangeError: The name of an indexed/,
      ],
      ["an unknown option", () => DenoKvTable.open(kv, ["t"], { index: ["a"] } as never), /Unknown option "index"/],
    ] as const
  ) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(open, (error) => message.test(String(error)));
    });
  }
});
