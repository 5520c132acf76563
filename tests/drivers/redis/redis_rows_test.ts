import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { LiveTable, MemTable } from "@vantage/live";
import { RedisCache, type RedisClient } from "@vantage/live/redis";
import { FaultyTable } from "@vantage/live/testing";
import { createClient } from "redis";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../../databases/redis_server.ts";
import { skippable } from "../../skippable.ts";
import { PATIENCE_MS } from "./hosts.ts";

const [PAGES, PAGE] = [20, 10];

/** A host that has read all pages, the newest last, and what it sends. */
interface Reader extends AsyncDisposable {
  readonly table: LiveTable;
  /** The commands since it was called last, without those that ask which server it is. */
  sent(): readonly string[];
}

async function openReader(port: number, master: FaultyTable): Promise<Reader> {
  const client = createClient({ socket: { host: "127.0.0.1", port } }).on("error", () => {});
  await client.connect();
  const commands: string[] = [];
  // Only what a cache needs of a client, so that it is recognised as one.
  const counted = {
    isOpen: true,
    sendCommand: (command: string[], options: object) => {
      if (command[0] !== "INFO") commands.push(`${command[0]}`);
      return client.sendCommand(command, options);
    },
    duplicate: () => client.duplicate(),
    on: client.on.bind(client),
    off: client.off.bind(client),
  };
  const cache = await RedisCache.open(counted as unknown as RedisClient, { timeoutMs: PATIENCE_MS });
  const table = new LiveTable(master, "products", cache, { cacheTimeoutMs: 3 * PATIENCE_MS });
  for (let number = 1; number <= PAGES; number++) await table.page(number, PAGE).listValues();
  return {
    table,
    sent: () => commands.splice(0),
    [Symbol.asyncDispose]: async () => {
      await table.close();
      await cache.close();
      client.destroy();
    },
  };
}

describe("LiveTable.getValue() over a RedisCache", () => {
  let server: RedisProcess;
  before(async () => {
    if (WITHOUT_REDIS === undefined) server = await startRedis();
  });
  after(() => server?.remove());
  const redisIt = (name: string, run: () => Promise<void>): void => skippable(name, WITHOUT_REDIS, run);

  redisIt("asks for the one page that has the row, which then has an entry of its own: one command", async () => {
    const rows = Array.from({ length: PAGES * PAGE }, (_, at) => [`${at}`, { at }] as const);
    const master = new FaultyTable(new MemTable("products", { rows }));
    for (const what of ["pages that were misses", "pages that were hits"]) {
      await using reader = await openReader(server.port, master);
      const ids = what === "pages that were misses" ? ["3", "195"] : ["4", "196"];
      for (const id of ids) {
        reader.sent();
        assert.equal((await reader.table.getValue(id))?.at, Number(id));
        await reader.table.idle();
        assert.deepEqual(reader.sent().slice(0, 4), ["MGET", "GET", "MGET", "EVALSHA"], `${what}: ${id}`);
        reader.sent();
        assert.equal((await reader.table.getValue(id))?.at, Number(id));
        assert.deepEqual(reader.sent(), ["MGET"], `${what}: ${id} again`);
      }
    }
    assert.equal(master.plan.count("getValue"), 0);
  });

  redisIt("asks for no page if all are known not to have the row", async () => {
    const master = new FaultyTable(new MemTable("products", { rows: [["a", { at: 1 }]] }));
    await using reader = await openReader(server.port, master);
    reader.sent();
    assert.equal(await reader.table.getValue("b"), undefined);
    assert.deepEqual(reader.sent().filter((name) => name === "MGET"), ["MGET"]);
    assert.equal(master.plan.count("getValue"), 1);
  });
});
