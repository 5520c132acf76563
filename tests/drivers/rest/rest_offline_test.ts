import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createRawServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { LiveTable, MemCache, TableError } from "@vantage/live";
import { RestTable } from "@vantage/live/rest";

/** Deno does not say why a request failed. */
const SAYS_WHY = !("Deno" in globalThis);

/** An address where nothing listens. */
async function closedPort(): Promise<string> {
  const server = createRawServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

async function listening(server: Server | ReturnType<typeof createRawServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/products`; // It listens on a port.
}

async function failureOf(call: Promise<unknown>): Promise<TableError> {
  const error = await call.then(() => assert.fail("nothing was refused"), (thrown) => thrown);
  assert(error instanceof TableError);
  return error;
}

describe("A RestTable that reaches no server", () => {
  for (const host of ["a closed port", "a host that does not exist"]) {
    it(`fails with "unavailable", retriable, and says that ${host} was sent nothing`, async () => {
      const url = host === "a closed port" ? await closedPort() : "http://products.invalid/products";
      const table = new RestTable(url, { timeoutMs: 10_000 });
      const { code, retriable, effect } = await failureOf(table.patchValue("a", { price: 9 }));
      assert.deepEqual({ code, retriable }, { code: "unavailable", retriable: true });
      assert.equal(effect, SAYS_WHY ? "none" : "unknown");
    });
  }

  it("takes nothing off the screen by an edit that was not sent", async () => {
    const rows = [{ id: "a", price: 2 }];
    const server = createServer((_request, response) => response.end(JSON.stringify(rows)));
    const url = await listening(server);
    const options = SAYS_WHY ? {} : { onMasterFailure: "serve" as const };
    const table = new LiveTable(new RestTable(url), "products", new MemCache(), options);
    await table.listValues();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await failureOf(table.patchValue("a", { price: 9 }));
    assert.equal((await table.listValues()).get("a")?.price, 2);
    await table.close();
  });

  it("does not take a request for unsent that a runtime has sent twice", async () => {
    const sockets = new Set<Socket>();
    let requests = 0;
    const server = createRawServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", () => {
        if (++requests === 1) return void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
        server.close(() => {});
        for (const open of sockets) open.destroy();
      });
    });
    const url = await listening(server);
    const table = new RestTable(url);
    await table.listValues();
    assert.equal((await failureOf(table.delete("a"))).effect, "unknown");
    assert.equal(requests, 2);
  });
});
