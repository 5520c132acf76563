import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import * as ours from "@vantage/live";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("Two copies of the module", () => {
  const folder = mkdtempSync(join(tmpdir(), "copy-"));
  let theirs: typeof ours;

  before(async () => {
    cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    for (const file of ["mod.ts", "package.json"]) cpSync(join(ROOT, file), join(folder, file));
    theirs = await import(pathToFileURL(join(folder, "mod.ts")).href);
  });
  after(() => rmSync(folder, { recursive: true }));

  const rows = [["a", { id: "a", at: new Date(5), n: 1 }], ["b", { id: "b", at: new Date(6), n: 2 }]] as const;

  it("are two", () => assert.notEqual(theirs.Rows, ours.Rows));

  it("know each other's rows, paginations and errors, and nothing more", () => {
    const [there, here] = [theirs.Rows.from(rows), ours.Rows.from(rows)];
    assert(there instanceof ours.Rows && here instanceof theirs.Rows);
    assert(here.equals(there) && there.equals(here));
    assert(ours.Rows.from(there).equals(here));
    assert(new theirs.Pagination(2) instanceof ours.Pagination);
    const error = new theirs.NotFoundError("gone");
    assert(error instanceof ours.NotFoundError && error instanceof ours.TableError && error instanceof Error);
    assert(!(Object(error) instanceof ours.ConflictError));
    class Mine extends ours.NotFoundError {}
    assert(!(Object(error) instanceof Mine) && new Mine("x") instanceof Mine);
    assert(new Mine("x") instanceof theirs.NotFoundError);
    for (const other of [null, 5, "x", {}, new Error("x"), new Map(), () => 1]) {
      assert(!(Object(other) instanceof ours.Rows) && !(other instanceof ours.TableError));
    }
  });

  for (
    const [name, one, other] of [["theirs in ours", () => theirs, () => ours], [
      "ours in theirs",
      () => ours,
      () => theirs,
    ]] as const
  ) {
    it(`tables, rows, paginations, caches, streams and errors cross: ${name}`, async () => {
      const [inner, outer] = [one(), other()];
      const master = new inner.MemTable("t", { rows, idField: "id" });
      const stream = new inner.ManualLiveStream();
      await using live = new outer.LiveTable(master, "t", new inner.MemCache(), { liveStream: stream });
      const expected = outer.Rows.from(rows);
      for (let time = 0; time < 3; time++) assert(expected.equals(await live.listValues()));
      assert.equal(live.stats().hits, 2);
      const page = await live.withQuery({ pagination: new inner.Pagination(2, 1) }).listValues();
      assert.deepEqual(page.ids(), ["b"]);
      assert.deepEqual((await live.where("at", "gt", new Date(5)).listValues()).ids(), ["b"]);
      await assert.rejects(live.patchValue("none", { n: 5 }), (thrown) => thrown instanceof outer.NotFoundError);
      assert.equal(live.stats().hits, 2);
      const listed = await outer.defineTable({ name: "l", list: () => inner.Rows.from(rows) }).listValues();
      assert(listed.equals(expected));
      await using twice = new outer.LiveTable(master, "t", new outer.MemCache());
      const nested = outer.defineTable({ name: "n", list: () => twice.listValues() });
      await using over = new inner.LiveTable(nested, "n", new outer.MemCache());
      for (let time = 0; time < 2; time++) assert((await over.listValues()).equals(expected));
    });
  }
});

describe("Values of another realm", () => {
  const context = createContext({});
  const foreign = (code: string): ours.Row => runInContext(`(${code})`, context);

  it("are kept, compared and found as those of this one", async () => {
    const table = new ours.MemTable("t", {
      rows: [["a", foreign("{ at: new Date(5), bytes: new Uint8Array([1, 2]), list: [{ deep: new Date(NaN) }] }")]],
    });
    const row = await table.getValue("a");
    assert.deepEqual(row, { at: new Date(5), bytes: new Uint8Array([1, 2]), list: [{ deep: new Date(NaN) }] });
    for (const [column, operand] of [["at", "new Date(5)"], ["bytes", "new Uint8Array([1, 2])"]] as const) {
      const value = runInContext(operand, context);
      assert.equal((await table.where(column, "eq", value).listValues()).size, 1);
      assert.equal((await table.where(column, "in", [value]).listValues()).size, 1);
      assert.equal((await table.where(column, "lt", value).listValues()).size, 0);
    }
  });

  it("are named where no row can hold them", () => {
    for (const code of ["{ a: new Map() }", "{ a: Object.create(Date.prototype) }", "{ a: new Uint16Array(1) }"]) {
      assert.throws(() => ours.Rows.from([["a", foreign(code)]]), TypeError, code);
    }
    const pretended = { a: { [Symbol.toStringTag]: "Date" } };
    assert.deepEqual(Reflect.apply(ours.Rows.from, ours.Rows, [[["a", pretended]]]).get("a"), { a: {} });
  });

  it("a subclass of Date is kept as its time", () => {
    class Day extends Date {}
    const at = ours.Rows.from([["a", { at: new Day(5) }]]).get("a")?.at;
    assert.equal(Object.getPrototypeOf(at), Date.prototype);
  });

  it("a signal that this realm did not make ends calls, streams, and writes that wait", async () => {
    const never = new Promise<never>(() => {});
    const table = ours.defineTable({ name: "t", list: () => never, get: () => never, patch: () => never });
    await using live = new ours.LiveTable(new ours.MemTable("t"), "t", new ours.MemCache());
    const stuck = new ours.LiveTable(table, "t", new ours.MemCache());
    void stuck.patchValue("a", {});
    const calls: readonly ((options: ours.WriteOptions) => Promise<unknown>)[] = [
      ({ signal }) => table.streamValues({ signal }).getReader().read(),
      ({ signal }) => stuck.streamValues({ signal }).getReader().read(),
      (options) => stuck.listValues(options),
      (options) => stuck.getValue("a", options),
      (options) => stuck.patchValue("a", {}, options),
    ];
    for (const [at, call] of calls.entries()) {
      const signal = new ForeignSignal();
      const answer = call({ signal: signal as unknown as AbortSignal });
      signal.abort("enough");
      await assert.rejects(answer, (thrown) => thrown === "enough", `${at}`);
      await assert.rejects(call({ signal: signal as unknown as AbortSignal }), (thrown) => thrown === "enough");
    }
    const fresh = new ForeignSignal() as unknown as AbortSignal;
    assert.deepEqual(await live.streamValues({ signal: fresh }).getReader().read(), { done: true, value: undefined });
  });
});

/** As a test runner with a browser's globals makes one: no instance of this realm's AbortSignal. */
class ForeignSignal extends EventTarget {
  aborted = false;
  reason: unknown;
  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.dispatchEvent(new Event("abort"));
  }
  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }
}
