import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { InvalidAnswerError, NotFoundError, UnavailableError, UnsupportedError } from "@vantage/live";
import { anyText } from "../../cache/arbitrary_rows.ts";
import { json, nothing, scriptedTable, URL_OF_TABLE } from "./rest_double.ts";

const BUN = { id: 7, name: "Bun", price: 2 };

describe("RestTable writes", () => {
  it("RestTable.insertReturnIdValue() posts the row, and takes the id from the answer", async () => {
    const { table, asked } = scriptedTable({}, json(BUN, { status: 201 }));
    assert.equal(await table.insertReturnIdValue({ name: "Bun", price: 2 }, { idempotencyKey: "key-1" }), "7");
    const [{ method, url, headers, body } = assert.fail()] = asked;
    assert.deepEqual([method, url, body], ["POST", URL_OF_TABLE, { name: "Bun", price: 2 }]);
    assert.equal(headers.get("content-type"), "application/json");
    assert.equal(headers.get("idempotency-key"), "key-1");
  });

  it("RestTable.insertReturnIdValue() takes the id from Location where the answer has none", async () => {
    const cases: readonly (readonly [Response, string])[] = [
      [nothing(201, { location: "/api/products/8" }), "8"],
      [nothing(201, { location: "https://example.com/api/products/a%2Fb?x=1#top" }), "a/b"],
      [nothing(204, { location: "8" }), "8"],
      [json({ ok: true }, { status: 201, headers: { location: "/api/products/9" } }), "9"],
    ];
    for (const [answer, id] of cases) {
      assert.equal(await scriptedTable({}, answer).table.insertReturnIdValue({ name: "Bun" }), id);
    }
  });

  it("RestTable.insertReturnIdValue() refuses an answer without an id, whose write may have been done", async () => {
    const answers = [
      nothing(201),
      json({ name: "Bun" }),
      json({ id: "" }),
      json({ id: null }),
      json([7]),
      // Read as a number, it is another one.
      new Response('{"id":12345678901234567890}'),
      nothing(201, { location: "/api/products/" }),
      nothing(201, { location: "/api/products/%ff" }),
    ];
    for (const answer of answers) {
      const { table } = scriptedTable({}, answer);
      await assert.rejects(table.insertReturnIdValue({ name: "Bun" }), (error) => {
        assert(error instanceof InvalidAnswerError, String(error));
        assert.equal(error.effect, "unknown");
        return true;
      });
    }
  });

  it("RestTable.replaceValue() puts the row at its id, and answers with what is stored", async () => {
    const { table, asked } = scriptedTable({}, json({ ...BUN, made: "today" }));
    const stored = await table.replaceValue("7", { name: "Bun" }, { idempotencyKey: "key-2" });
    assert.deepEqual(stored, { ...BUN, made: "today" });
    const [{ method, url, headers, body } = assert.fail()] = asked;
    assert.deepEqual([method, url, body], ["PUT", `${URL_OF_TABLE}/7`, { name: "Bun" }]);
    assert.equal(headers.get("idempotency-key"), "key-2");
  });

  it("RestTable.patchValue() patches the columns, and answers with the whole row", async () => {
    const { table, asked } = scriptedTable({ row: "data" }, json({ data: BUN }));
    assert.deepEqual(await table.patchValue("7", { price: 2 }, { idempotencyKey: "key-3" }), BUN);
    const [{ method, url, headers, body } = assert.fail()] = asked;
    assert.deepEqual([method, url, body], ["PATCH", `${URL_OF_TABLE}/7`, { price: 2 }]);
    assert.equal(headers.get("idempotency-key"), "key-3");
  });

  it("RestTable.replaceValue() and patchValue() read the row where the answer is empty", async () => {
    const { table, asked } = scriptedTable({}, nothing(204), json(BUN), new Response(""), json(BUN));
    assert.deepEqual(await table.replaceValue("7", { name: "Bun" }), BUN);
    assert.deepEqual(await table.patchValue("7", { price: 2 }), BUN);
    assert.deepEqual(asked.map(({ method }) => method), ["PUT", "GET", "PATCH", "GET"]);
    assert.equal(asked[1]?.headers.get("idempotency-key"), null);
  });

  it("RestTable says that a write may have been done when its row cannot be read afterwards", async () => {
    const { table } = scriptedTable(
      { maxRetries: 0 },
      nothing(204),
      nothing(403),
      nothing(204),
      nothing(429, { "retry-after": "2" }),
      nothing(204),
      nothing(404),
      json([]),
    );
    await assert.rejects(table.patchValue("7", { price: 2 }), (error) => {
      assert(error instanceof UnavailableError, String(error));
      assert.deepEqual([error.effect, error.retriable], ["unknown", true]);
      return true;
    });
    await assert.rejects(table.patchValue("7", { price: 2 }), { name: "UnavailableError", retryAfterMs: 2000 });
    await assert.rejects(table.patchValue("7", { price: 2 }), { name: "NotFoundError", effect: "unknown" });
  });

  it("RestTable passes the reason on when it is aborted while it reads what a write left", async () => {
    const aborting = new AbortController();
    const reason = new Error("the writer left");
    const { table } = scriptedTable({}, nothing(204), () => {
      aborting.abort(reason);
      return Promise.reject(new Error("aborted"));
    });
    await assert.rejects(table.patchValue("7", { price: 2 }, { signal: aborting.signal }), reason);
  });

  it("RestTable.patchValue() of a missing row is a NotFoundError", async () => {
    await assert.rejects(scriptedTable({}, nothing(404)).table.patchValue("7", { price: 2 }), NotFoundError);
  });

  it("RestTable.delete() deletes, and a missing row is no error", async () => {
    const { table, asked } = scriptedTable(
      {},
      nothing(204),
      nothing(404),
      nothing(404),
      json([]),
      json({ isDeleted: true }),
    );
    for (const id of ["7", "a/b", "10"]) {
      assert.equal(await table.delete(id, { idempotencyKey: `delete ${id}` }), undefined);
    }
    const [{ method, url, headers, body } = assert.fail(), second] = asked;
    assert.deepEqual([method, url, body], ["DELETE", `${URL_OF_TABLE}/7`, undefined]);
    assert.equal(headers.get("idempotency-key"), "delete%20.7");
    assert.equal(headers.get("content-type"), null);
    assert.equal(second?.url, `${URL_OF_TABLE}/a%2Fb`);
  });

  it("RestTable has the writes that the options say, and neither insertValue() nor deleteAll()", async () => {
    const { table, asked } = scriptedTable({ writes: ["patch"] });
    const { insert, replace, patch, delete: canDelete, deleteAll, insertReturnId } = table.capabilities;
    assert.deepEqual(
      { insert, replace, patch, canDelete, deleteAll, insertReturnId },
      { insert: false, replace: false, patch: true, canDelete: false, deleteAll: false, insertReturnId: false },
    );
    await assert.rejects(table.replaceValue("1", {}), UnsupportedError);
    await assert.rejects(table.delete("1"), UnsupportedError);
    await assert.rejects(table.insertReturnIdValue({}), UnsupportedError);
    await assert.rejects(scriptedTable({}).table.insertValue("1", {}), UnsupportedError);
    await assert.rejects(scriptedTable({}).table.deleteAll(), UnsupportedError);
    await assert.rejects(scriptedTable({ writes: [] }).table.patchValue("1", {}), UnsupportedError);
    assert.equal(asked.length, 0);
  });

  it("RestTable sends dates as texts, and refuses what JSON cannot hold before anything is sent", async () => {
    const { table, asked } = scriptedTable({}, json({ id: 1 }));
    const row = { made: new Date(0), tags: ["a", { b: null }], ["__proto__"]: 1 };
    await table.insertReturnIdValue(row);
    assert.deepEqual(
      asked[0]?.body,
      JSON.parse('{"made":"1970-01-01T00:00:00.000Z","tags":["a",{"b":null}],"__proto__":1}'),
    );
    for (const value of [5n, NaN, -Infinity, new Uint8Array(2), new Date(NaN), [[new Date(NaN)]], { deep: [5n] }]) {
      await assert.rejects(table.insertReturnIdValue({ value }), UnsupportedError);
    }
    assert.equal(asked.length, 1);
  });

  it("RestTable puts the idempotency key under the header that the options name, or nowhere", async () => {
    const named = scriptedTable({ idempotencyHeader: "X-Request-Id" }, nothing());
    await named.table.delete("1", { idempotencyKey: "k" });
    assert.equal(named.asked[0]?.headers.get("x-request-id"), "k");
    assert.equal(named.asked[0]?.headers.get("idempotency-key"), null);

    const none = scriptedTable({ idempotencyHeader: false }, nothing(), nothing());
    await none.table.delete("1", { idempotencyKey: "k" });
    await none.table.delete("1");
    for (const { headers } of none.asked) assert.deepEqual([...headers.keys()], ["accept"]);
  });

  it("RestTable keeps different idempotency keys different, whatever characters they are of", async () => {
    const sent = async (idempotencyKey: string): Promise<string | null> => {
      const { table, asked } = scriptedTable({}, nothing());
      await table.delete("1", { idempotencyKey });
      return asked[0]?.headers.get("idempotency-key") ?? null;
    };
    const odd = [
      "%20.",
      " ",
      "%",
      "%25.",
      "\u{1f950}",
      "\ud83e",
      "\udd50",
      "a\r\nb",
      "a b",
      "a",
      "",
      "ü",
      "\0",
      "%1f950.",
    ];
    const headers = await Promise.all(odd.map(sent));
    assert.equal(new Set(headers).size, odd.length);
    await fc.assert(fc.asyncProperty(anyText, anyText, async (one, other) => {
      const [first, second] = [await sent(one), await sent(other)];
      assert.match(first ?? "", /^[\x21-\x7e]*$/);
      assert.equal(first === second, one === other);
    }));
  });
});
