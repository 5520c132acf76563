import { LiveTable, Rows } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { DatabaseSync, type StatementSync } from "node:sqlite";
// The codec is not an entry of the package. It is used to compare a hit with the minimum that any hit must do.
import { decodeRows } from "../src/cache/codec.ts";
import { openBakery, temporaryPath } from "./fixture.ts";
import { measure } from "./measure.ts";

const HIT = "SqliteCache hit, 100 rows";
const LOOK = "SqliteCache hit, 100 rows, each looked at";
const OPERATIONS = 50;

const { products: master, database } = await openBakery(100);
const masterCalls = (): number => database.calls;

const path = temporaryPath("cache.db");
const cache = await SqliteCache.open(path);
const live = new LiveTable(master, "product", cache);
const rows = await live.listValues();
const key = `${live.cacheKey}/all`;

const bare = new DatabaseSync(path).prepare("SELECT body FROM vantage_entry WHERE key = ?");
const json = jsonStore(rows);

measure({
  group: HIT,
  name: "prepared get and decodeRows",
  baseline: true,
  operations: OPERATIONS,
  run: () => {
    for (let index = 0; index < OPERATIONS; index++) getDecoded();
  },
});

measure({
  group: HIT,
  name: "listValues()",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) await live.listValues();
  },
});

measure({
  group: HIT,
  name: "prepared get and JSON.parse",
  operations: OPERATIONS,
  run: () => {
    for (let index = 0; index < OPERATIONS; index++) getParsed();
  },
});

measure({
  group: LOOK,
  name: "prepared get and JSON.parse",
  baseline: true,
  operations: OPERATIONS,
  run: () => {
    for (let index = 0; index < OPERATIONS; index++) totalOf(getParsed());
  },
});

measure({
  group: LOOK,
  name: "listValues()",
  operations: OPERATIONS,
  masterCalls,
  run: async () => {
    for (let index = 0; index < OPERATIONS; index++) totalOf((await live.listValues()).values());
  },
});

/** The same page as JSON, in a database of the same shape. */
function jsonStore(page: Rows): StatementSync {
  const handle = new DatabaseSync(temporaryPath("json.db"));
  handle.exec("PRAGMA journal_mode = WAL");
  handle.exec("CREATE TABLE entry (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL)");
  handle.prepare("INSERT INTO entry (key, body) VALUES (?, ?)").run(key, JSON.stringify([...page.values()]));
  return handle.prepare("SELECT body FROM entry WHERE key = ?");
}

function getDecoded(): Rows {
  const body = bare.get(key)?.body;
  return body instanceof Uint8Array ? decodeRows(body) : Rows.from([]);
}

function getParsed(): Iterable<PricedRow> {
  return JSON.parse(String(json.get(key)?.body));
}

interface PricedRow {
  readonly price?: unknown;
}

function totalOf(page: Iterable<PricedRow>): number {
  let total = 0;
  for (const { price } of page) total += Number(price);
  return total;
}
