import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { UnsupportedError } from "@vantage/live";
import { type TableHandler, tableHandler, type WriteVerb } from "@vantage/live/server";
import { RestTable } from "@vantage/live/rest";
import { settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { ask, bakery } from "./fixture.ts";

describe("tableHandler(), writable", () => {
  const REQUESTS: Readonly<Record<WriteVerb, readonly [method: string, path: string]>> = {
    insertReturnId: ["POST", "/rows"],
    deleteAll: ["DELETE", "/rows"],
    insert: ["POST", "/row?id=n"],
    replace: ["PUT", "/row?id=n"],
    patch: ["PATCH", "/row?id=a"],
    delete: ["DELETE", "/row?id=a"],
  };
  const VERBS = Object.keys(REQUESTS) as WriteVerb[];

  it("is a list of the verbs that are allowed: in the description, by method, in Allow and to CORS", async () => {
    for (let set = 0; set < 2 ** VERBS.length; set++) {
      const allowed = VERBS.filter((_, bit) => (set & (1 << bit)) !== 0);
      const handler = tableHandler(bakery(), { writable: allowed, cors: { origins: "*" } });
      const { capabilities } = await (await ask(handler, "/")).json();
      assert.deepEqual(VERBS.filter((verb) => capabilities[verb]), allowed);
      const preflight = await ask(handler, "/rows", {
        method: "OPTIONS",
        headers: { origin: "https://a.test", "access-control-request-method": "PUT" },
      });
      const methods = ["POST", "PUT", "PATCH", "DELETE"].filter((method) =>
        // Several writes in one request are a POST.
        allowed.some((verb) => method === "POST" || REQUESTS[verb][0] === method)
      );
      assert.equal(preflight.headers.get("access-control-allow-methods"), ["GET", "HEAD", ...methods].join(", "));
      for (const verb of VERBS) {
        const [method, path] = REQUESTS[verb];
        const answer = await ask(handler, path, { method, ...(method !== "DELETE" && { row: { name: "New" } }) });
        assert.equal(answer.status === 405, !allowed.includes(verb), `${verb} of ${allowed}`);
        const row = method === "DELETE" ? {} : { row: { name: "New" } };
        const id = path.split("id=")[1];
        const many = await ask(handler, "/writes", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ writes: [{ verb, id, ...row }] }),
        });
        if (allowed.length === 0) assert.equal(many.status, 404);
        else {
          const status = (await many.json()).results[0].problem?.status;
          assert.equal(status === 405, !allowed.includes(verb), `${verb} of ${allowed} in one request`);
        }
        if (answer.status !== 405) continue;
        const allow = (answer.headers.get("allow") ?? "").split(", ");
        const here = allowed.filter((other) => REQUESTS[other][1].split("?")[0] === path.split("?")[0]);
        assert.deepEqual(
          new Set(allow),
          new Set(["GET", "HEAD", "OPTIONS", ...here.map((other) => REQUESTS[other][0])]),
        );
      }
    }
  });

  it("refuses what is no verb", () => {
    const make = (writable: unknown) => (): TableHandler => tableHandler(bakery(), { writable: writable as boolean });
    assert.throws(make(["insert", "upsert"]), { name: "TypeError", message: /"upsert".*insert, replace, patch/ });
    for (const none of ["insert", null, 1, {}, ["DELETE"], ["toString"]]) assert.throws(make(none), TypeError);
  });

  it("a RestTable at the other end refuses the others by itself", async () => {
    const handler = tableHandler(bakery(), { writable: ["patch"] });
    const table = await RestTable.open("http://localhost/", { fetch: (url, init) => handler(new Request(url, init)) });
    assert.equal((await table.patchValue("a", { price: 9 })).price, 9);
    await assert.rejects(table.delete("a"), UnsupportedError);
    await assert.rejects(table.deleteAll(), UnsupportedError);
    await assert.rejects(table.where("price", "gt", 1).deleteAll(), UnsupportedError);
  });
});

describe("tableHandler(), context", () => {
  const write = (id: string): Request =>
    new Request(`http://localhost/row?id=${id}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: '{"row":{"name":"New"}}',
    });

  it("what is none is ignored: requests.map(handler) works", async () => {
    const contexts: unknown[] = [];
    const table = bakery();
    const handler = tableHandler(table, { writable: true, authorize: (_, context) => contexts.push(context) > 0 });
    const answers = await Promise.all(["n", "m"].map(write).map(handler));
    for (const none of [undefined, null, 0, "waitUntil", true, Symbol("s"), [], () => {}]) {
      answers.push(await handler(write("n"), none));
    }
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert(contexts.every((context) => typeof context === "object" && context !== null));
    assert.equal((await table.getValue("m"))?.name, "New");
  });

  it("whose waitUntil fails does not fail the write", async () => {
    const events: string[] = [];
    const tracer = defineTracer({
      enabled: () => true,
      event: ({ name }) => void events.push(name),
      span: () => ({ end: () => {} }),
    });
    const handler = tableHandler(bakery(), { writable: true, tracer });
    const boom = (): never => {
      throw new Error("too late");
    };
    const failing: readonly object[] = [
      { waitUntil: boom },
      { waitUntil: () => Promise.reject(new Error("too late")) },
      { waitUntil: 5 },
      Object.defineProperty({}, "waitUntil", { get: boom }),
    ];
    for (const context of failing) assert.equal((await handler(write("n"), context)).status, 200);
    await settle();
    assert.equal(events.filter((name) => name === "waitUntil failed").length, 3);
  });
});
