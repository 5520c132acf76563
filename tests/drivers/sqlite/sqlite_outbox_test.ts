import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { isUnreadable, type Outbox, OutboxError, type StoredWrite } from "@vantage/live";
import { SqliteCache, type SqliteHandle, SqliteOutbox, type SqliteValue } from "@vantage/live/sqlite";
import { newPath } from "../../conformance/temp_folder.ts";
import { LONG } from "../../processes/children.ts";

const QUEUE = "marty/clients";

function newWrite(id: string, text = id): StoredWrite {
  const op = { kind: "insert", id, row: { text } } as const;
  return { id, op, within: {}, rowId: id, acceptedAt: 1, acceptedBy: "a" };
}

async function idsIn(outbox: Outbox): Promise<unknown[]> {
  return (await outbox.load(QUEUE, 0, 1_000)).map((entry) => isUnreadable(entry) ? "unreadable" : entry.write.id);
}

/** The path of an outbox that holds the writes `a` and `b`. */
async function filled(): Promise<string> {
  const path = newPath("outbox.db");
  await using outbox = await SqliteOutbox.open(path);
  outbox.append(QUEUE, [newWrite("a"), newWrite("b")]);
  return path;
}

function edit(path: string, sql: string): void {
  using db = new DatabaseSync(path);
  db.exec(sql);
}

function outboxError(words: RegExp, retriable = false): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof OutboxError, String(error));
    assert.match(error.message, words);
    assert.deepEqual([error.code, error.effect, error.retriable], ["outbox", "none", retriable]);
    return true;
  };
}

describe("SqliteOutbox.open()", () => {
  it("refuses an outbox of a newer version, and leaves every byte of it alone", async () => {
    const path = await filled();
    edit(path, "UPDATE vantage_outbox_total SET version = 2; PRAGMA journal_mode = DELETE");
    const before = readFileSync(path);
    await assert.rejects(SqliteOutbox.open(path), outboxError(/version 2, and is left alone/));
    assert.deepEqual(readFileSync(path), before);
  });

  it("is refused by every call once another process has brought the outbox to a newer version", async () => {
    const path = await filled();
    await using outbox = await SqliteOutbox.open(path);
    edit(path, "UPDATE vantage_outbox_total SET version = 2");
    const refused = outboxError(/version 2/);
    assert.throws(() => outbox.append(QUEUE, [newWrite("c")]), refused);
    assert.throws(() => outbox.lease(QUEUE, "a", 1, 1), refused);
    assert.throws(() => outbox.mark(QUEUE, 1, [], 1), refused);
    assert.throws(() => outbox.remove(QUEUE, "a"), refused);
    assert.deepEqual(await idsIn(outbox), ["a", "b"]);
  });

  it("refuses a damaged outbox by name, and never deletes or renames it", async () => {
    const damages: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
      (bytes) => bytes.fill(0xff, 100, 200), // the first page, after the header
      (bytes) => bytes.fill(0xff, 16, 24), // the header
      (bytes) => bytes.subarray(0, 10),
      (bytes) => bytes.fill(0),
      (bytes) => bytes.subarray(0, 5_000),
    ];
    for (const damage of damages) {
      const path = await filled();
      const damaged = damage(new Uint8Array(readFileSync(path)));
      writeFileSync(path, damaged);
      await assert.rejects(SqliteOutbox.open(path), outboxError(/outbox\.db" is damaged, and is left alone/));
      assert.deepEqual(new Uint8Array(readFileSync(path)), damaged);
      assert.equal(existsSync(`${path}.damaged-1`), false);
    }
  });

  it("says that it is damaged when it comes to a damaged page, and leaves it alone", async () => {
    const path = newPath("outbox.db");
    {
      await using outbox = await SqliteOutbox.open(path);
      outbox.append(QUEUE, Array.from({ length: 100 }, (_, at) => newWrite(`w${at}`, "x".repeat(3_000))));
    }
    const bytes = new Uint8Array(readFileSync(path));
    writeFileSync(path, bytes.fill(0xff, bytes.length - 3 * 4_096));
    await using outbox = await SqliteOutbox.open(path);
    assert.throws(() => outbox.load(QUEUE, 0, 1_000), outboxError(/it is damaged, and is left alone/));
    assert(statSync(path).size >= bytes.length);
  });

  it("refuses what is no outbox with a TypeError, and leaves it alone", async () => {
    const folder = newPath("folder");
    mkdirSync(folder);
    const text = newPath("text.db");
    writeFileSync(text, "a text of somebody's, longer than a header");
    const others = newPath("others.db");
    edit(others, "CREATE TABLE accounts (name TEXT)");
    const cache = newPath("cache.db");
    await (await SqliteCache.open(cache)).close();
    for (
      const [path, words] of [[folder, /folder/], [text, /not an SQLite/], [others, /not an outbox/], [
        cache,
        /not an/,
      ]] as const
    ) {
      const before = path === folder ? undefined : readFileSync(path);
      await assert.rejects(SqliteOutbox.open(path), (error) => error instanceof TypeError && words.test(error.message));
      if (before !== undefined) assert.deepEqual(readFileSync(path), before);
    }
    await assert.rejects(SqliteOutbox.open(`${folder}/none/outbox.db`), { name: "TypeError", message: /no folder/ });
    await assert.rejects(SqliteCache.open(await filled()), { name: "TypeError", message: /not a cache/ });
  });

  it("makes a file wait for the disk, unless the option says otherwise", async () => {
    for (const [options, expected] of [[{}, "FULL"], [{ synchronous: "normal" }, "NORMAL"]] as const) {
      const prepared: string[] = [];
      const { prepare } = DatabaseSync.prototype;
      DatabaseSync.prototype.prepare = function (sql, ...rest) {
        prepared.push(sql);
        return prepare.call(this, sql, ...rest);
      };
      try {
        await (await SqliteOutbox.open(newPath("outbox.db"), options)).close();
      } finally {
        DatabaseSync.prototype.prepare = prepare;
      }
      assert.deepEqual(prepared.filter((sql) => sql.includes("synchronous")), [`PRAGMA synchronous = ${expected}`]);
    }
  });

  it("refuses options that are none, or make no sense", async () => {
    const handle = new DatabaseSync(":memory:");
    const open = (options: object, at: string | SqliteHandle = handle): Promise<unknown> =>
      SqliteOutbox.open(at, options);
    for (const bound of ["maxEntries", "maxBytes", "maxAnswers", "maxAnswerAgeMs"]) {
      await assert.rejects(open({ [bound]: 0 }), { name: "RangeError", message: new RegExp(bound) });
    }
    await assert.rejects(open({ maxEntrys: 5 }), { name: "TypeError", message: /maxEntrys/ });
    await assert.rejects(open({ synchronous: "off" }, newPath("outbox.db")), { name: "TypeError", message: /"off"/ });
    await assert.rejects(open({ synchronous: "full" }), { name: "TypeError", message: /synchronous/ });
  });
});

describe("SqliteOutbox", () => {
  it("says within 16 calls that its file was deleted or replaced, and goes on saying it", async () => {
    for (const replace of [(path: string) => rmSync(path), (path: string) => renameSync(path, `${path}.aside`)]) {
      const path = await filled();
      await using outbox = await SqliteOutbox.open(path);
      outbox.append(QUEUE, [newWrite("c")]);
      replace(path);
      const sixteen = (): void => {
        for (let call = 0; call < 16; call++) outbox.append(QUEUE, [newWrite(`c${call}`)]);
      };
      assert.throws(sixteen, outboxError(/deleted or replaced/));
      await (await SqliteOutbox.open(path)).close();
      assert.throws(() => outbox.append(QUEUE, [newWrite("d")]), outboxError(/deleted or replaced/));
      assert.throws(() => outbox.append(QUEUE, [newWrite("d")]), outboxError(/deleted or replaced/));
    }
  });

  it("rejects every call once it is closed, and closes twice", async () => {
    const outbox = await SqliteOutbox.open(newPath("outbox.db"));
    await outbox.close();
    await outbox.close();
    assert.throws(() => outbox.append(QUEUE, [newWrite("a")]), { name: "ClosedError" });
  });

  it("keeps nothing inside a transaction of the handle's owner, who could still roll it back", async () => {
    const handle = new DatabaseSync(":memory:");
    const outbox = await SqliteOutbox.open(handle);
    handle.exec("BEGIN");
    assert.throws(() => outbox.append(QUEUE, [newWrite("a")]), OutboxError);
    handle.exec("COMMIT");
    outbox.append(QUEUE, [newWrite("a")]);
    assert.deepEqual(await idsIn(outbox), ["a"]);
  });

  it("refuses at once while another process has the lock, and takes writes again after it", async () => {
    const path = newPath("outbox.db");
    await (await SqliteOutbox.open(path)).close();
    const handle = new DatabaseSync(path);
    handle.exec("PRAGMA busy_timeout = 0");
    const outbox = await SqliteOutbox.open(handle);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    assert.throws(() => outbox.append(QUEUE, [newWrite("a")]), outboxError(/it is locked/, true));
    assert.throws(() => outbox.mark(QUEUE, 1, [], 1), outboxError(/it is locked/, true));
    assert.deepEqual(await idsIn(outbox), []);
    other.exec("COMMIT");
    outbox.append(QUEUE, [newWrite("a")]);
    assert.deepEqual(await idsIn(outbox), ["a"]);
  });

  it("says that the store is full when it appends, keeps no half, and takes writes again when there is room", async () => {
    const path = newPath("outbox.db");
    const handle = new DatabaseSync(path);
    const outbox = await SqliteOutbox.open(handle);
    outbox.append(QUEUE, [newWrite("kept")]);
    handle.exec("PRAGMA max_page_count = 60");
    const ids: string[] = ["kept"];
    const fill = (): void => {
      for (let at = 0;; at++) {
        const batch = [`${at}-1`, `${at}-2`, `${at}-3`];
        outbox.append(QUEUE, batch.map((id) => newWrite(id, "x".repeat(2_000))));
        ids.push(...batch);
      }
    };
    assert.throws(fill, outboxError(/there is no room/, true));
    assert.deepEqual(await idsIn(outbox), ids);
    for (const id of ids.splice(1, 6)) assert.equal(outbox.remove(QUEUE, id), true);
    outbox.append(QUEUE, [newWrite("later")]);
    assert.deepEqual(await idsIn(outbox), [...ids, "later"]);
    assert.deepEqual(handle.prepare("SELECT entries FROM vantage_outbox_total").get()?.entries, ids.length + 1);
  });

  it("keeps its bound of bytes, and has room again for what is removed", async () => {
    const outbox = await SqliteOutbox.open(new DatabaseSync(":memory:"), { maxBytes: 10_000 });
    outbox.append(QUEUE, [newWrite("a", "x".repeat(8_000))]);
    assert.throws(
      () => outbox.append(QUEUE, [newWrite("b", "x".repeat(2_000))]),
      outboxError(/of at most 10000/, true),
    );
    for (const length of [9_800, 20_000]) {
      assert.throws(
        () => outbox.append(QUEUE, [newWrite("c", "x".repeat(length))]),
        { name: "RangeError", message: /the write "c" .*\d{5} bytes.* at most 10000/ },
      );
    }
    outbox.remove(QUEUE, "a");
    outbox.append(QUEUE, [newWrite("b", "x".repeat(2_000))]);
  });

  it("after a crash at any step of an append, all of it is there or nothing, and the next one goes on (powersync-sqlite-core#162)", async () => {
    for (let steps = 1;; steps++) {
      const path = newPath("outbox.db");
      const crashed = newPath("crashed.db");
      const handle = new DatabaseSync(path);
      handle.exec("PRAGMA journal_mode = WAL");
      const outbox = await SqliteOutbox.open(crashingAt(handle, () => steps, () => copyDatabase(path, crashed)));
      outbox.append(QUEUE, [newWrite("a")]);
      const isOver = attemptOf(() => outbox.append(QUEUE, [newWrite("b"), newWrite("c")]));
      for (const found of isOver ? [handle] : [new DatabaseSync(crashed), handle]) {
        const after = await SqliteOutbox.open(found);
        const ids = await idsIn(after);
        assert.deepEqual(ids, ids.length === 1 ? ["a"] : ["a", "b", "c"], `after step ${steps}`);
        after.append(QUEUE, [newWrite("d")]);
        assert.deepEqual(await idsIn(after), [...ids, "d"]);
      }
      if (isOver) return assert(steps > 4);
    }
  });

  it("does not grow with time: what is answered leaves nothing behind", async () => {
    const path = newPath("outbox.db");
    await using outbox = await SqliteOutbox.open(path, { synchronous: "normal" });
    const rounds = LONG ? 10_000 : 100;
    const sizes: number[] = [];
    const term = outbox.lease(QUEUE, "a", 1, 1_000) ?? -1;
    for (let round = 0; round < rounds; round++) {
      const ids = Array.from({ length: 100 }, (_, at) => `${round}-${at}`);
      outbox.append(QUEUE, ids.map((id) => newWrite(id)));
      assert(outbox.mark(QUEUE, term, ids.map((id) => ({ kind: "sent", id })), 1));
      assert(outbox.mark(QUEUE, term, ids.map((id) => ({ kind: "answered", id })), 1));
      sizes.push(statSync(path).size + statSync(`${path}-wal`).size);
    }
    assert(Math.max(...sizes) < 8 * 2 ** 20, `${Math.max(...sizes)} bytes`);
    outbox.release(QUEUE, term);
    using db = new DatabaseSync(path);
    for (const table of ["entry", "answer", "queue"]) {
      assert.equal(db.prepare(`SELECT count(*) AS n FROM vantage_outbox_${table}`).get()?.n, 0, table);
    }
  });

  it("stays when a new version drops the cache in the same database (mono#3089)", async () => {
    const db = new DatabaseSync(":memory:");
    await SqliteCache.open(db);
    const outbox = await SqliteOutbox.open(db);
    outbox.append(QUEUE, [newWrite("a")]);
    const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'vantage_total'").get() ?? {};
    db.exec("DROP TABLE vantage_total");
    db.exec(String(sql).replace(/version = \d+/, "version = 1"));
    await SqliteCache.open(db);
    assert.deepEqual(await idsIn(await SqliteOutbox.open(db)), ["a"]);
  });

  it("appends, marks and loads by indexes alone, whatever other queues hold", async () => {
    const db = new DatabaseSync(":memory:");
    const used = new Set<string>();
    const outbox = await SqliteOutbox.open({
      prepare: (sql) => (used.add(sql), db.prepare(sql)),
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    });
    const inserted = { ...newWrite("a"), op: { kind: "insertReturnId", row: {} }, acceptedBy: "b" } as const;
    outbox.append(QUEUE, [inserted, newWrite("b")]);
    const term = outbox.lease(QUEUE, "a", 1, 1) ?? -1;
    outbox.load(QUEUE, 0, 10);
    outbox.mark(QUEUE, term, [
      { kind: "sent", id: "a" },
      { kind: "answered", id: "a", realId: "7" },
      { kind: "failed", id: "b", failure: { code: "rejected", message: "", effect: "none", retriable: false, at: 1 } },
    ], 1);
    outbox.retry(QUEUE, "b");
    outbox.remove(QUEUE, "b");
    outbox.answers(QUEUE, "b");
    outbox.release(QUEUE, term);
    const plans = [...used].filter((sql) => /vantage_outbox_(entry|answer|queue)/.test(sql) && !/^CREATE/.test(sql))
      .flatMap((sql) => db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => `${detail} in ${sql}`));
    assert.deepEqual(plans.filter((plan) => /^SCAN (?!t\b|CONSTANT|f\b|vantage_outbox_total)/.test(plan)), []);
    assert(plans.length > 10);
  });
});

/** A handle that fails at a statement of the second transaction, where `onCrash` is called. */
function crashingAt(db: DatabaseSync, steps: () => number, onCrash: () => void): SqliteHandle {
  let [transactions, count] = [0, 0];
  const step = (sql: string): void => {
    if (sql === "BEGIN IMMEDIATE") transactions++;
    if (transactions < 3 || sql === "ROLLBACK" || ++count !== steps()) return;
    onCrash();
    throw new Error("the process has died");
  };
  return {
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        all: (...params: SqliteValue[]) => (step(sql), statement.all(...params)),
        get: (...params: SqliteValue[]) => (step(sql), statement.get(...params)),
        run: (...params: SqliteValue[]) => (step(sql), statement.run(...params)),
        setReadBigInts: (on) => statement.setReadBigInts(on),
      };
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
}

function copyDatabase(from: string, to: string): void {
  for (const suffix of ["", "-wal"]) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
}

function attemptOf(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
