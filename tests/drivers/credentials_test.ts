import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, MemTable } from "@vantage/live";
import { PostgresNotifyLiveStream, PostgresSlot, PostgresTable, replicationSlots } from "@vantage/live/postgres";
import { RedisCache } from "@vantage/live/redis";
import { SurrealLiveStream, SurrealTable } from "@vantage/live/surrealdb";

/** A URL in place of the client that it is for, as callers without type checks give it. */
const URL_TEXT = "db://marty:secret@127.0.0.1/shop" as never;
const DSN = "host=127.0.0.1 password=secret" as never;

const OPENED: readonly (readonly [name: string, open: (client: never) => unknown])[] = [
  ["PostgresTable", (client) => PostgresTable.open(client, "t")],
  ["PostgresNotifyLiveStream", (client) => PostgresNotifyLiveStream.open(client, "t")],
  ["PostgresSlot", (client) => new PostgresSlot(client, { slot: "s", publication: "p" })],
  ["replicationSlots", (client) => replicationSlots(client)],
  ["RedisCache", (client) => RedisCache.open(client)],
  ["SurrealTable", (client) => SurrealTable.open(client, "t")],
  ["SurrealLiveStream", (client) => new SurrealLiveStream(client, "t")],
  ["LiveTable", (client) => new LiveTable(new MemTable("t"), "t", client)],
];

describe("The error for a URL in place of a client shows no password:", () => {
  for (const [name, open] of OPENED) {
    it(name, async () => {
      for (const given of [URL_TEXT, DSN]) {
        const error: unknown = await (async () => await open(given))().catch((error: unknown) => error);
        assert(error instanceof TypeError, String(error));
        assert.match(error.message, /got a text/);
        assert.doesNotMatch(error.message, /secret/);
      }
    });
  }
});
