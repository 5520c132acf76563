import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import { defineTable, LiveTable, MemCache } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { isError } from "../../src/base/realm.ts";

const context = createContext({});
const foreign = (code: string): unknown => runInContext(code, context);

describe("An error of another realm", () => {
  it("is known for one, and nothing else is", () => {
    class Mine extends Error {}
    for (
      const error of [
        new Error(),
        new Mine(),
        foreign("new TypeError('x')"),
        foreign("new (class A extends Error {})()"),
      ]
    ) {
      assert(isError(error));
    }
    assert(isError(new DOMException("x", "AbortError")));
    for (
      const other of [null, undefined, "Error", {}, { name: "Error", message: "x" }, foreign("({})"), [], new Map()]
    ) {
      assert(!isError(other));
    }
  });

  it("keeps its name in traces", async () => {
    const told: TraceRecord[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      span: (record) => ({ end: (fields) => void told.push({ ...record, fields }) }),
      event: (record) => void told.push(record),
    });
    const master = defineTable({ name: "t", list: () => Promise.reject(foreign("new RangeError('x')")) });
    await using table = new LiveTable(master, "t", new MemCache(), { tracer });
    await assert.rejects(table.listValues());
    assert(told.some(({ fields }) => fields.outcome === "failed" && fields.error === "RangeError"));
  });

  it("of a fetch does not quote the query of the URL, where a token may be", async () => {
    const url = "https://example.com/rows?token=secret";
    const fetch = (): Promise<Response> =>
      Promise.reject(foreign(`new TypeError("failed: ${url}", { cause: new Error("no ${url}") })`));
    const table = new RestTable(url, { fetch });
    await assert.rejects(table.listValues(), (error) => {
      for (let cause: unknown = error; isError(cause); cause = cause.cause) {
        assert.doesNotMatch(cause.message, /secret/);
      }
      return isError(error) && isError(error.cause) && error.cause.name === "TypeError";
    });
  });
});
