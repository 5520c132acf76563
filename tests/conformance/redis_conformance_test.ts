import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { RedisCache } from "@vantage/live/redis";
import { cacheConformance, type CacheHarness } from "@vantage/live/testing";
import { type OpenRedis, REDIS_CLIENTS } from "../databases/redis_clients.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../databases/redis_server.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";

const MAX_CHANGES = 20;

let made = 0;

describe("RedisCache", () => {
  if (WITHOUT_REDIS !== undefined) return skippable("is tried with every case", WITHOUT_REDIS, () => {});
  let server: RedisProcess | undefined;
  before(async () => void (server = await startRedis()));
  after(() => server?.remove());

  for (const kind of REDIS_CLIENTS) {
    describe(`through ${kind.name}`, () => {
      let opened: OpenRedis | undefined;
      before(async () => void (opened = await kind.open(server?.port ?? 0)));
      after(() => opened?.close());

      runSuite("keeps the promises of Cache", cacheConformance, () => harness(() => opened));
    });
  }
});

function harness(opened: () => OpenRedis | undefined): CacheHarness {
  const namespace = `case_${++made}`;
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const client = opened()?.client;
      assert(client !== undefined);
      const cache = await RedisCache.open(client, { namespace, maxChanges: MAX_CHANGES });
      return { cache, close: () => cache.close() };
    },
  };
}
