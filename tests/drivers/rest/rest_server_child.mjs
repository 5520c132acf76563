/**
 * A server from npm on a free port, with the rows that come as the first line of the input. Prints its address, and ends
 * with the input: `node rest_server_child.mjs JSON_SERVER_1`.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";

// What the servers print is not for who started this.
console.log = () => {};
console.warn = () => {};

const require = createRequire(import.meta.url);

const SERVERS = {
  JSON_SERVER_0: (items) => {
    const jsonServer = require("json-server");
    return jsonServer.create().use(jsonServer.defaults({ logger: false })).use(jsonServer.router({ items }));
  },

  JSON_SERVER_1: async (items) => {
    const { createApp } = await import("json-server-beta/lib/app.js");
    const app = createApp({ data: { items }, write: () => Promise.resolve() });
    return (request, response) => app.handler(request, response);
  },

  FEATHERS: async (items) => {
    const { feathers } = require("@feathersjs/feathers");
    const { default: express, errorHandler, json, rest, urlencoded } = require("@feathersjs/express");
    const { MemoryService } = require("@feathersjs/memory");
    const app = express(feathers()).use(json()).use(urlencoded({ extended: true })).configure(rest());
    const store = Object.fromEntries(items.map((item) => [item.id, item]));
    const service = new MemoryService({ store, startId: items.length + 1, paginate: { default: 10, max: 50 } });
    app.use("items", service).use(errorHandler({ logger: false }));
    await app.setup();
    return app;
  },

  SOUL: (items) => {
    // The same statements, on the SQLite of Node: its own driver is a native addon, which is not built here.
    replaced("better-sqlite3", BetterSqlite3);
    replaced("bcrypt", {});
    process.argv.push("--database", ":memory:");
    process.env.NODE_ENV = "test";
    const root = dirname(require.resolve("soul-cli/package.json"));
    const db = require(join(root, "src/db/index.js"));
    db.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, title TEXT, category TEXT, price REAL)");
    const insert = db.prepare("INSERT INTO items VALUES (?, ?, ?, ?)");
    for (const { id, title, category, price } of items) insert.run(id, title, category, price);
    return require(join(root, "src/index.js"));
  },

  ODATA: (items, url) => {
    const odata = require("simple-odata-server");
    const type = {
      _id: { type: "Edm.String", key: true },
      title: { type: "Edm.String" },
      category: { type: "Edm.String" },
      price: { type: "Edm.Double" },
    };
    const model = {
      namespace: "shop",
      entityTypes: { Item: type },
      entitySets: { items: { entityType: "shop.Item" } },
    };
    const rows = new Map(items.map((item) => [item._id, item]));
    const found = (filter) =>
      [...rows.values()].filter((row) =>
        [filter, ...filter.$and ?? []].every((each) =>
          Object.entries(each).every(([name, value]) => name === "$and" || row[name] === value)
        )
      );
    const server = odata(url).model(model);
    server.query((_set, { $filter, $sort = {}, $skip = 0, $limit = Infinity, $inlinecount }, _request, done) => {
      const [[column, direction] = ["_id", 1]] = Object.entries($sort);
      const all = found($filter).sort((a, b) =>
        direction * (a[column] < b[column] ? -1 : a[column] > b[column] ? 1 : 0)
      );
      const value = all.slice($skip, $skip + Math.min($limit, 100)).map((row) => ({ ...row }));
      done(null, $inlinecount ? { count: all.length, value } : value);
    });
    server.insert((_set, row, _request, done) => {
      const added = { ...row, _id: `new ${rows.size}` };
      rows.set(added._id, added);
      done(null, { ...added });
    });
    server.update((_set, { _id }, { $set }, _request, done) => {
      const row = rows.get(_id);
      if (row !== undefined) rows.set(_id, { ...row, ...$set });
      done(null, { matchedCount: row === undefined ? 0 : 1 });
    });
    server.remove((_set, { _id }, _request, done) => done(null, rows.delete(_id) ? 1 : 0));
    return (request, response) => server.handle(request, response);
  },
};

/** The little of better-sqlite3 that is used. */
class BetterSqlite3 {
  #db;

  constructor(file) {
    this.#db = new DatabaseSync(file);
  }

  exec(text) {
    this.#db.exec(text);
  }

  pragma(text) {
    return this.#db.prepare(`PRAGMA ${text}`).all();
  }

  prepare(text) {
    const statement = this.#db.prepare(text);
    return {
      all: (...values) => statement.all(...values).map((row) => ({ ...row })),
      get: (...values) => statement.get(...values),
      run: (...values) => statement.run(...values),
    };
  }
}

/** Has `require` give something else under a name. */
function replaced(name, exported) {
  const load = Module._load;
  Module._load = (request, ...rest) => request === name ? exported : load(request, ...rest);
}

const { value: line } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;
server.on("request", await SERVERS[process.argv[2]](JSON.parse(line), url));
process.stdout.write(`${url}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
