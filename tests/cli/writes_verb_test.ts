import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { DemoFolder, type Document, idsOf, isDocument, rowsOf } from "./demo.ts";

/** Outside of the ports that the system deals out, so that a server finds it free when it comes back. */
const OWN_PORT = String(30_000 + process.pid % 10_000);

/** The writes in a document. */
function writesOf({ writes }: Document): readonly Document[] {
  return Array.isArray(writes) ? writes.filter(isDocument) : [];
}

describe("demo --offline", () => {
  it("demo add --offline keeps a row that the next process shows as pending, and another one sends", async () => {
    using folder = new DemoFolder();
    await folder.run("list");
    const { code, stdout } = await folder.run("add", "d", "Donut", "5", "--offline");
    assert.equal(code, 0);
    assert.match(stdout, /^pending [\d.]+ ms {2}add "d" of products; it waits in \S+outbox\.sqlite, as write \S+$/m);
    assert.equal((await folder.json("patch", "d", "price=6", "--offline")).outcome, "pending");
    const shown = await folder.run("list");
    assert.match(shown.stdout, /^d +Donut +6 .*pending$/m);
    assert.match(shown.stdout, /^HIT /m);
    assert.match(shown.stdout, /^PENDING 2 writes wait to be sent/m);
    assert.deepEqual((await folder.json("list")).pending, ["d"]);
    const waiting = await folder.run("writes", "list");
    assert.match(waiting.stdout, /add d name=Donut price=5 +waiting +0 /);
    assert.match(waiting.stdout, /^2 waiting, 0 failed$/m);
    const drained = await folder.run("writes", "drain");
    assert.equal(drained.code, 0, drained.stdout);
    assert.match(drained.stdout, /^applied add d .*\napplied patch d price=6\n2 applied, 0 failed, 0 waiting$/m);
    const { rows, pending } = await folder.json("list");
    assert.deepEqual([rowsOf({ rows }).at(-1)?.price, pending], [6, []]);
    assert.match((await folder.run("writes")).stdout, /^No write of products waits or has failed\.$/m);
  });

  it("demo sends what waits before a write that is sent at once, and says when a row existed already", async () => {
    using folder = new DemoFolder();
    await folder.run("add", "d", "Donut", "5", "--offline");
    await folder.run("add", "a", "Apple", "1", "--offline");
    const { code, stdout } = await folder.run("patch", "d", "price=6");
    assert.equal(code, 0);
    assert.match(stdout, /^applied add a .*, which existed already: nothing was overwritten$/m);
    assert.match(stdout, /^patched .*row "d"/m);
    assert.equal((await folder.json("delete", "d")).outcome, "deleted");
  });

  it("demo reads and writes without --offline make no outbox", async () => {
    using folder = new DemoFolder();
    for (const words of [["list"], ["add", "d", "Donut", "5"], ["writes"], ["writes", "drain"]]) {
      assert.equal((await folder.run(...words)).code, 0);
    }
    assert.ok(!existsSync(folder.file(".vantage-demo/outbox.sqlite")));
  });
});

describe("demo writes", () => {
  it("demo writes shows what the master refused, sends it again, and discards it", async () => {
    using folder = new DemoFolder();
    await folder.run("patch", "a", "price=-1", "--offline");
    const drained = await folder.run("writes", "drain");
    assert.equal(drained.code, 1);
    assert.match(drained.stdout, /^failed {2}patch a price=-1: .*CHECK constraint failed.*; kept as write \S+$/m);
    const [write] = writesOf(await folder.json("writes"));
    assert.ok(write !== undefined && isDocument(write.failure));
    assert.deepEqual([write.state, write.attempts, write.failure.code], ["failed", 1, "rejected"]);
    const id = String(write.id);
    const listed = await folder.run("writes");
    assert.match(listed.stdout, new RegExp(`^failed ${id}: Cannot patch row "a"`, "m"));
    assert.match(listed.stdout, /^0 waiting, 1 failed$/m);
    const retried = await folder.json("writes", "retry", id);
    assert.ok(Array.isArray(retried.failed));
    assert.deepEqual([retried.failed.length, writesOf(await folder.json("writes"))[0]?.attempts], [1, 2]);
    assert.equal((await folder.run("writes", "discard", id)).code, 0);
    assert.deepEqual((await folder.json("writes")).writes, []);
  });

  it("demo writes shows what cannot be read, and why, and discards it", async () => {
    using folder = new DemoFolder();
    const { write } = await folder.json("delete", "b", "--offline");
    await folder.json("patch", "a", "price=5", "--offline");
    const db = new DatabaseSync(folder.file(".vantage-demo/outbox.sqlite"));
    db.prepare("UPDATE vantage_outbox_entry SET body = x'00' WHERE id = ?").run(String(write));
    db.close();
    const { stdout, code } = await folder.run("writes");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^unreadable ${write}: .+$`, "m"));
    assert.match(stdout, /^1 waiting, 0 failed$/m);
    const { unreadable } = await folder.json("writes");
    assert.ok(Array.isArray(unreadable) && isDocument(unreadable[0]) && unreadable[0].id === write);
    assert.match((await folder.run("writes", "drain")).stdout, /^1 applied, 0 failed, 0 waiting$/m);
    const discarded = await folder.run("writes", "discard", String(write));
    assert.deepEqual([discarded.code, discarded.stdout], [0, `discarded ${write}\n`], discarded.stderr);
    assert.deepEqual((await folder.json("writes")).unreadable, []);
    assert.equal((await folder.run("writes", "discard", String(write))).code, 1);
  });

  it("demo writes discard takes back a write that was never sent", async () => {
    using folder = new DemoFolder();
    const { write } = await folder.json("delete", "a", "--offline");
    const early = await folder.run("writes", "retry", String(write));
    assert.equal(early.code, 2);
    assert.match(early.stderr, /^demo: The write "\S+" has not failed; writes drain sends it\n$/);
    assert.equal((await folder.run("writes", "discard", String(write))).code, 0);
    assert.ok(idsOf(await folder.json("list")).includes("a"));
    assert.deepEqual((await folder.json("writes", "drain")).applied, []);
  });

  it("demo writes names an id that is not there, and exits with 1", async () => {
    using folder = new DemoFolder();
    await folder.run("delete", "a", "--offline");
    for (const action of ["retry", "discard"]) {
      const { code, stdout, stderr } = await folder.run("writes", action, "nope");
      assert.deepEqual([code, stdout], [1, ""]);
      assert.equal(stderr, 'No such write: products has no "nope" in the outbox; nothing was changed\n');
    }
    assert.equal(writesOf(await folder.json("writes")).length, 1);
  });
});

describe("demo writes over a network", () => {
  it("demo sends each write once after the server, and then the process that sends, were killed", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve("--port", OWN_PORT);
    const master = ["--master", server.url];
    await folder.run("list", ...master);
    await server.end("SIGKILL");
    const refused = await folder.run("patch", "a", "price=9", ...master);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^demo: the master is unavailable/);
    await folder.run("add", "d", "Donut", "5", "--offline", ...master);
    await folder.run("patch", "d", "price=6", "--offline", ...master);
    await folder.run("patch", "a", "price=-1", "--offline", ...master);
    const shown = await folder.json("list", ...master);
    assert.deepEqual([shown.outcome, shown.pending], ["hit", ["d", "a"]]);
    await using waits = folder.start("writes", "drain", "--wait", ...master);
    await waits.line(/^waiting .* got no answer/);
    await waits.end("SIGKILL");
    assert.equal((await folder.run("writes", "drain", ...master)).code, 1);
    await using again = folder.start("writes", "drain", "--wait", ...master);
    await again.line(/^waiting /);
    await using _ = await folder.serve("--port", OWN_PORT);
    assert.match(await again.line(/applied, /), /^2 applied, 1 failed, 0 waiting$/);
    assert.equal(await again.ended, 1);
    const { rows } = await folder.json("list", ...master);
    assert.deepEqual(rowsOf({ rows }).filter(({ id }) => id === "d" || id === "a").map(({ price }) => price), [4.2, 6]);
    const [failed, ...others] = writesOf(await folder.json("writes", ...master));
    assert.deepEqual([failed?.kind, failed?.state, others], ["patch", "failed", []]);
    assert.deepEqual(writesOf(await folder.json("writes")), [], "another master has another queue");
  });

  it("demo writes drain --wait ends with Ctrl-C, and keeps what it did not send", async () => {
    using folder = new DemoFolder();
    await using server = await folder.serve();
    const master = ["--master", server.url];
    await folder.run("add", "d", "Donut", "5", "--offline", ...master);
    await server.end("SIGKILL");
    await using waits = folder.start("writes", "drain", "--wait", ...master);
    await waits.line(/^waiting /);
    assert.equal(await waits.end("SIGINT"), 1);
    assert.deepEqual(writesOf(await folder.json("writes", ...master)).map(({ row }) => row), ["d"]);
  });
});
