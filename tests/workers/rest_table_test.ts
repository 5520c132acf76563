import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type HeldAnswer, type Origin, serveOrigin } from "./origin.ts";
import { type RunningWorker, runWorker } from "./run_worker.ts";

/** The runtime as it is, and as it was when it refused the option `cache` of requests. */
const RUNTIMES = [
  { compatibilityDate: "2026-07-30", takesCache: true },
  { compatibilityDate: "2024-09-23", takesCache: false },
];

for (const { compatibilityDate, takesCache } of RUNTIMES) {
  describe(`RestTable in workerd as of ${compatibilityDate}`, () => {
    let origin: Origin;
    let worker: RunningWorker;
    let held: HeldAnswer | undefined;
    let keySent: string | null = null;

    before(async () => {
      origin = await serveOrigin(async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/moved") return new Response(null, { status: 302, headers: { location: "/products" } });
        if (pathname === "/busy") return new Response("<h1>Busy</h1>", { status: 503 });
        if (pathname === "/until-held") await held?.ready;
        if (request.method === "PATCH") keySent = request.headers.get("idempotency-key");
        const row = { id: "a", name: "Bun" };
        return Response.json(request.method === "GET" ? [row] : row);
      });
      worker = await runWorker("rest_worker.ts", { bindings: { ORIGIN: origin.url }, compatibilityDate });
    });
    after(async () => {
      await worker[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    });

    async function tell(deed: string): Promise<unknown> {
      return JSON.parse(await worker.ask(`/${deed}`));
    }

    it(`lists and writes where requests ${takesCache ? "take" : "refuse"} the option cache`, async () => {
      assert.equal(await tell("takesCache"), takesCache);
      assert.deepEqual(await tell("list"), [["a", { id: "a", name: "Bun" }]]);
      assert.deepEqual(await tell("patch"), { id: "a", name: "Bun" });
      assert.equal(keySent, "key");
    });

    for (const [deed, outcome] of [["late", "UnavailableError, retriable: true"], ["aborted", "AbortError"]] as const) {
      it(`ends a request that is ${deed}`, async () => {
        held = origin.hold("GET /held");
        assert.equal(await tell(deed), outcome);
        await held.left();
      });
    }

    it("follows no redirect", async () => {
      const asked = origin.count("GET /products");
      assert.equal(await tell("redirected"), "InvalidAnswerError, retriable: false");
      assert.equal(origin.count("GET /products"), asked);
    });

    it("tells of a server at fault", async () => {
      assert.equal(await tell("busy"), "UnavailableError, retriable: true");
    });
  });
}
