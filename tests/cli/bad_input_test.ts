import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { DemoFolder, type Ran } from "./demo.ts";

/** What was typed, and what the one line on standard error must say. */
type Case = readonly [words: readonly string[], says: RegExp];

const WORDS: readonly Case[] = [
  [["lst"], /There is no table "lst"; there are .*; nor is it a verb/],
  [["list", "lst"], /"lst" is one word too many/],
  [["products", "lst"], /Unknown verb "lst"; accepted are seed, list/],
  [["name=Marty"], /Unknown verb "name=Marty"; accepted are .* or a table before one/],
  [["help", "lst"], /Unknown verb "lst"/],
  [["help", "list", "get"], /"get" is one word too many/],
  [["-h", "-h"], /--help was given twice/],
  [["list", "--version=1"], /--version takes no value/],
  [["products", "list", "--entity", "orders"], /entity was given twice/],
  [["products", "serve"], /serve takes no table/],
  [["products", "name=Bun", "get", "a"], /"a" is one word too many|usage: demo get/],
  [["list", "page=x"], /--page takes a whole number/],
  [["list", "page="], /--page takes a whole number/],
  [["list", "page=1", "page=2"], /page was given twice/],
  [["list", "page=1", "--page", "2"], /page was given twice/],
  [["list", "colour=red"], /Unknown column "colour"/],
  [["list", "=red"], /"=red" is one word too many/],
  [["list", "order=price:DESC"], /--order takes price:asc or price:desc, not "price:DESC"/],
  [["ref"], /ref needs the name of a table/],
  [["orders", "ref", "cakes"], /orders has no reference "cakes"; accepted are .*clients/],
  [["list", "--no-cache", "--cache", "mem"], /--no-cache and --cache were both given/],
  [["list", "--no-cache=1"], /--no-cache takes no value/],
  [
    ["list", "--cache", "MEM"],
    /"MEM" is not a cache; accepted are mem, none, kv, kv:<file>, redis:\/\/<host>, and a file/,
  ],
  [["list", "--cache", "none:"], /"none:" is not a cache/],
  [["list", "--cache", "redis:localhost"], /--cache takes a URL of Redis/],
  [["list", "--cache", "http://127.0.0.1:8737"], /is not a cache/],
  [[""], /Unknown verb ""/],
  [["list", "extra"], /"extra" is one word too many; usage: demo list/],
  [["list", "--nope"], /--nope is not a flag here; accepted are .*--page/],
  [["list", "--rows", "5"], /--rows is not a flag here/],
  [["--cache", "mem"], /--cache is not a flag here; accepted are --json/],
  [["list", "-x"], /-x is not a flag here.*put -- before/],
  [["list", "--json=yes"], /--json takes no value/],
  [["list", "--page"], /--page needs a value/],
  [["list", "--search", "--json"], /--search needs a value/],
  [["list", "--page", "0"], /--page takes a whole number from 1 to \d+, not "0"/],
  [["list", "--page", "two"], /--page takes a whole number/],
  [["list", "--page", "-1"], /--page takes a whole number/],
  [["list", "--limit", "1.5"], /--limit takes a whole number/],
  [["list", "--page", "1", "--page", "2"], /--page was given twice/],
  [["list", "--where", "price"], /"price" is not of the form column=value/],
  [["list", "--where", "colour=red"], /Unknown column "colour"; accepted are id, name, price/],
  [["list", "--where", "price=cheap"], /price takes a number, not "cheap"/],
  [["list", "--where", "in_stock=1.5"], /in_stock takes a whole number of at most 64 bits, not "1.5"/],
  [["list", "--where", "vegan=maybe"], /vegan takes true or false, not "maybe"/],
  [["list", "--order", "price:up"], /--order takes price:asc or price:desc, not "price:up"/],
  [["list", "--order", "cost:desc"], /Unknown column "cost"/],
  [["list", "--order", ""], /Unknown column ""/],
  [["list", "--entity", "cakes"], /There is no table "cakes"; there are /],
  [["list", "--entity="], /--entity needs a non-empty value/],
  [["get"], /get needs a non-empty id/],
  [["get", ""], /get needs a non-empty id/],
  [["get", "a", "b"], /"b" is one word too many/],
  [["add"], /add needs a non-empty id/],
  [["add", "x"], /add needs a row/],
  [["add", "x", "Long", "name", "5"], /put a name of several words in quotes/],
  [["add", "x", "Donut", "cheap"], /price takes a number, not "cheap"/],
  [["add", "x", "{"], /malformed JSON/],
  [["add", "x", "[1]"], /add takes a JSON object/],
  [["add", "x", '{"name":"Donut"}'], /The row must have price/],
  [["add", "x", '{"name":"Donut","price":"5"}'], /price takes a number, not "5"/],
  [["add", "x", '{"name":"Donut","price":5,"hole":true}'], /Unknown column "hole"/],
  [["add", "x", '{"id":"y","name":"Donut","price":5}'], /The id in the JSON is "y", but "x" was given/],
  [["add", "x", "Xenia", "5", "--entity", "clients"], /clients has no columns name and price/],
  [["patch", "a"], /patch needs at least one column=value/],
  [["patch", "a", "price"], /"price" is not of the form column=value/],
  [["patch", "a", "price=cheap"], /price takes a number/],
  [["patch", "a", "in_stock=9223372036854775808"], /in_stock takes a whole number of at most 64 bits/],
  [["patch", "a", "id=b"], /id is the id, which cannot be changed/],
  [["patch", "a", "price=1", "price=2"], /price was given twice/],
  [["delete"], /delete needs a non-empty id/],
  [["add", "x", "Donut", "cheap", "--offline"], /price takes a number, not "cheap"/],
  [["add", "x", "Donut", "5", "--offline=yes"], /--offline takes no value/],
  [["list", "--offline"], /--offline is not a flag here/],
  [["list", "--outbox="], /--outbox needs a non-empty value/],
  [["writes", "lst"], /Unknown word "lst" after writes; accepted are list, drain, retry, discard/],
  [["writes", "list", "x"], /"x" is one word too many after writes list/],
  [["writes", "drain", "x", "y"], /"y" is one word too many/],
  [["writes", "retry"], /writes retry needs a non-empty id/],
  [["writes", "discard", ""], /writes discard needs a non-empty id/],
  [["writes", "list", "--wait"], /--wait is for writes drain, not for list/],
  [["event-then-list", "--id", ""], /--id needs a non-empty id/],
  [["seed", "--rows", "0"], /--rows takes a whole number/],
  [["seed", "--rows", "many"], /--rows takes a whole number/],
  [["seed", "--entity", "cakes"], /The bakery has no "cakes"; accepted are clients, products, orders/],
  [["seed", "--master", "http://127.0.0.1:1"], /seed works on a file, and --master http:\S+ is a server/],
  [["list", "--master", "127.0.0.1:8737"], /"127.0.0.1:8737" is not a file; .* use --master http:\/\/127.0.0.1:8737/],
  [["list", "--master", "ftp://x"], /"ftp:\/\/x" is not a file; .* use --master http:\/\/x/],
  [["serve", "--master", "http://127.0.0.1:1"], /serve works on a file/],
  [["serve", "--port", "65536"], /--port takes a whole number from 0 to 65535, not "65536"/],
  [["serve", "--port", "http"], /--port takes a whole number/],
  [["serve", "--latency-ms=-1"], /--latency-ms takes a whole number from 0/],
  [["serve", "--read-only=no"], /--read-only takes no value/],
  [["serve", "--entity", "products"], /--entity is not a flag here; accepted are --port/],
  [["watch", "--changes", "0"], /--changes takes a whole number from 1/],
  [["watch", "--where", "colour=red"], /Unknown column "colour"/],
  [["list", "--master", "http://"], /"http:\/\/" is not a URL; accepted is a URL like http/],
  [["list", "--master", "http://me:secret@127.0.0.1:port"], /a URL like http:\/\/127.0.0.1:8737\/(?!.*secret)/],
  [["list", "--master", "mysql://me:secret@127.0.0.1/shop"], /not a file.*a URL like http(?!.*secret)/],
  [["list", "--cache", "valkey://me:secret@127.0.0.1"], /not a cache; accepted are mem(?!.*secret)/],
  [["list", "--cache", "redis://me:%zz@127.0.0.1"], /--cache takes a URL of Redis like redis:/],
  [["list", "--master", "postgres://me:%zz@127.0.0.1/shop"], /--master takes a URL like postgres:/],
  [["list", "--master", "surrealdb://me:%zz@127.0.0.1/shop/bakery"], /--master takes a URL of SurrealDB like/],
  [["list", "--master", "surrealdb://127.0.0.1/shop/%zz"], /--master takes a URL of SurrealDB like/],
  [["list", "--master", "http://me:secret@127.0.0.1:1"], /a URL without user, password(?!.*secret)/],
  [["list", "--master", "http://127.0.0.1:1/?key=secret"], /parameters and fragment(?!.*secret)/],
  [["list", "--cache", "redis://user:secret@"], /--cache takes a URL of Redis like redis:(?!.*secret)/],
  [["list", "--cache", "redis://localhost/one?x"], /--cache takes a URL of Redis/],
  [["list", "--cache", "kv:"], /kv:<file> needs a file after the colon/],
];

const PLACES: readonly Case[] = [
  [["list", "--master", "missing.sqlite"], /There is no master "missing.sqlite"/],
  [["list", "--master", "folder"], /"folder" is not a file/],
  [["list", "--master", "text"], /"text" is not an SQLite database/],
  [["list", "--cache", "folder"], /"folder" is not a file/],
  [["list", "--cache", "text"], /"text" is not an SQLite database/],
  [["list", "--cache", "foreign.sqlite"], /"foreign.sqlite" is another application's database, not a cache/],
  [["list", "--cache", "nowhere/cache"], /There is no folder "nowhere"/],
  [["list", "--cache", "kv:text"], /Cannot open the cache "text": .*not a database|Deno KV is in Deno only/],
  [["list", "--cache", "kv:foreign.sqlite"], /not one of Deno KV|Deno KV is in Deno only/],
  [["serve", "--master", "missing.sqlite"], /There is no master "missing.sqlite"/],
  [["serve", "--master", "text"], /Cannot open the master "text": .*not a database/],
  [["list", "--cache", ".vantage-demo/master.sqlite"], /are the same file/],
  [["list", "--outbox", "folder"], /"folder" is not a file/],
  [["list", "--outbox", "foreign.sqlite"], /Cannot open the outbox "foreign.sqlite": .*another application/],
  [["writes", "--outbox", "text"], /Cannot open the outbox "text": .*not an SQLite database/],
  [["delete", "a", "--offline", "--outbox", "foreign.sqlite"], /Cannot open the outbox "foreign.sqlite"/],
  [["list", "--outbox", ".vantage-demo/cache.sqlite"], /are the same file/],
  [["writes", "--outbox", "nowhere/outbox"], /There is no folder "nowhere"/],
  [["seed", "--master", "foreign.sqlite"], /was not created by the demo/],
  [["seed", "--master", "text"], /was not created by the demo/],
  [["seed", "--master", "nowhere/master"], /There is no folder "nowhere"/],
];

/** What only the master can refuse. */
const REFUSED: readonly Case[] = [
  [["patch", "a", "price=-1"], /CHECK constraint failed.*nothing was changed/],
  [["delete", "f"], /FOREIGN KEY constraint failed.*nothing was changed/],
];

function assertRefused({ code, stdout, stderr }: Ran, [words, says]: Case): void {
  const typed = words.join(" ");
  assert.equal(code, 2, `exit code of: ${typed}\n${stderr}`);
  assert.equal(stdout, "", typed);
  assert.match(stderr, /^demo: [^\n]+\n$/, typed);
  assert.match(stderr, says, typed);
}

/** Two at a time go faster on two cores; but where two share a database, neither may be the one that tidies up. */
async function assertAllRefused(folder: DemoFolder, cases: readonly Case[], { atOnce = 1 } = {}): Promise<void> {
  for (let index = 0; index < cases.length; index += atOnce) {
    await Promise.all(
      cases.slice(index, index + atOnce).map(async (one) => assertRefused(await folder.run(...one[0]), one)),
    );
  }
}

function makePlaces(folder: DemoFolder): void {
  mkdirSync(folder.file("folder"));
  writeFileSync(folder.file("text"), "This is a text, and no database at all.");
  const db = new DatabaseSync(folder.file("foreign.sqlite"));
  db.exec("CREATE TABLE accounts (id INTEGER PRIMARY KEY)");
  db.close();
}

describe("demo with bad input", () => {
  it("what is mistyped is one line, exit code 2, and in an empty folder nothing is made", async () => {
    using folder = new DemoFolder();
    await assertAllRefused(folder, WORDS, { atOnce: 2 });
    assert.deepEqual(folder.snapshot(), []);
  });

  it("what cannot be a master or a cache is one line, exit code 2, and no file is changed", async () => {
    using folder = new DemoFolder();
    makePlaces(folder);
    await folder.run("list");
    const before = folder.snapshot();
    await assertAllRefused(folder, PLACES);
    assert.deepEqual(folder.snapshot(), before);
  });

  it("what the master refuses is one line, exit code 2, and the rows and what is held stay", async () => {
    using folder = new DemoFolder();
    const { rows } = await folder.json("list");
    await assertAllRefused(folder, REFUSED);
    const { outcome, rows: after } = await folder.json("list");
    assert.deepEqual(after, rows);
    assert.equal(outcome, "hit");
  });

  it("a filter of VANTAGE_LOG that cannot be read is bad input", async () => {
    using folder = new DemoFolder();
    assertRefused(await folder.runIn({ VANTAGE_LOG: "loud" }, "list"), [["list"], /VANTAGE_LOG.*"loud".*accepted are/]);
    assert.deepEqual(folder.snapshot(), []);
  });

  it("what is nobody's mistake is one line too, and exit code 1", async () => {
    using folder = new DemoFolder();
    const path = folder.file("own.sqlite");
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO things VALUES (1, 'a')");
    db.close();
    const file = readFileSync(path);
    file.fill(0xff, 4096); // the page of the table
    writeFileSync(path, file);
    const { code, stdout, stderr } = await folder.run("list", "--master", "own.sqlite", "--entity", "things");
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^demo: unexpected fault: [^\n]*malformed\n$/);
  });

  it("--debug adds where it came from", async () => {
    using folder = new DemoFolder();
    const { code, stderr } = await folder.run("list", "--page", "0", "--debug");
    assert.equal(code, 2);
    assert.match(stderr, /^demo: --page .*\nBadInput: .*\n\s+at /);
  });
});
