import assert from "node:assert/strict";
import { closeSync, existsSync, mkdirSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type Cache, LiveTable, MemTable, type Tracer } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { SqliteCache } from "@vantage/live/sqlite";
import { FakeClock } from "@vantage/live/testing";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";
import { newPath } from "../conformance/temp_folder.ts";
import { skippable } from "../skippable.ts";
import { noReadOnly, noSmallDisk, ReadOnly, SmallDisk } from "./disks.ts";

/** So many that, each with a large text, they do not all fit into the pages that SQLite holds in memory. */
const ROW_COUNT = 60;
const LARGE = 60_000;
const SMALL = 300;
/** By then everything that failed was tried again. */
const LONG_ENOUGH_MS = 120_000;
/** SqliteCache waits for a lock, but only once. */
const NO_WAIT = "Deno" in globalThis ? undefined : "a lock is waited for 5 seconds, once, on Deno";
const NO_KV = "Deno" in globalThis ? undefined : "Deno KV is only in Deno";
const [NO_DISK, NO_READ_ONLY] = [noSmallDisk(), noReadOnly()];

type OpenedCache = Cache & AsyncDisposable;

/** A table over a cache in a file, and over a master that it alone writes. */
class Subject implements AsyncDisposable {
  readonly #cache: OpenedCache;
  readonly #table: LiveTable;
  readonly #clock = new FakeClock();
  readonly #told: TraceRecord[];
  #version = 0;

  private constructor(
    cache: OpenedCache,
    tracer: Tracer,
    { rowBytes, told }: { rowBytes: number; told: TraceRecord[] },
  ) {
    const text = "x".repeat(rowBytes);
    const rows = Array.from({ length: ROW_COUNT }, (_, id) => [`${id}`, { version: 0, text }] as const);
    this.#cache = cache;
    this.#table = new LiveTable(new MemTable("products", { rows }), "products", cache, { tracer, clock: this.#clock });
    this.#told = told;
  }

  /** Opens cache and table, and reads everything once. */
  static async open(openCache: (tracer: Tracer) => Promise<OpenedCache>, rowBytes: number): Promise<Subject> {
    const told: TraceRecord[] = [];
    const tracer = defineTracer({
      enabled: (_target, level) => level === "warn" || level === "error",
      span: () => ({ end: () => {} }),
      event: (record) => void told.push(record),
    });
    const subject = new Subject(await openCache(tracer), tracer, { rowBytes, told });
    await subject.read();
    assert.deepEqual(told, []);
    return subject;
  }

  /** Reads and writes as if nothing were wrong: nothing rejects, and what is read is what the master holds. */
  async use(): Promise<void> {
    await this.read();
    for (let time = 0; time < 2; time++) {
      await this.#table.patchValue("7", { version: ++this.#version });
      await this.read();
      await this.#table.invalidate();
      await this.read();
    }
  }

  async read(): Promise<void> {
    for (let id = 0; id < ROW_COUNT; id++) {
      const row = await this.#table.getValue(`${id}`);
      assert.equal(row?.version, id === 7 ? this.#version : 0);
    }
    const page = await this.#table.page(2, 7).listValues();
    assert.equal(page.get("7")?.version, this.#version);
  }

  /** What the tracer was told. */
  get told(): ReadonlySet<string> {
    return new Set(this.#told.map(({ target, name }) => `${target} ${name}`));
  }

  get cacheFailures(): number {
    return this.#table.stats().cacheFailures;
  }

  /** Calls of the cache failed, which was counted and told. */
  assertFailed(): void {
    assert(this.cacheFailures > 1);
    assert(this.told.has("vantage_live::cache invalidate_prefix failed"));
  }

  /** The fault is over: after a while, reads are served from the cache again. */
  async assertHeals(): Promise<void> {
    await this.#clock.advance(LONG_ENOUGH_MS);
    await this.#table.invalidate();
    await this.read();
    const { hits, masterReads } = this.#table.stats();
    await this.read();
    assert.equal(this.#table.stats().masterReads, masterReads);
    assert(this.#table.stats().hits > hits);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#table.close();
    await this.#cache[Symbol.asyncDispose]();
  }
}

const caches = {
  SqliteCache: (path: string) => (tracer: Tracer): Promise<OpenedCache> => SqliteCache.open(path, { tracer }),
  DenoKvCache: (path: string) => (tracer: Tracer): Promise<OpenedCache> => DenoKvCache.open(path, { tracer }),
};

function overwrite(path: string, from = 0): void {
  const file = openSync(path, "r+");
  const length = statSync(path).size - from;
  writeSync(file, new Uint8Array(length).fill(0xa5), 0, length, from);
  closeSync(file);
}

/** In a folder of its own, since some of these are about the folder. */
function newFile(): string {
  const folder = newPath("folder");
  mkdirSync(folder);
  return join(folder, "cache.db");
}

describe("A LiveTable whose SqliteCache file is damaged while it is open", () => {
  const DAMAGE: Readonly<Record<string, (path: string) => void>> = {
    "truncated to nothing": (path) => truncateSync(path, 0),
    "truncated to its first page": (path) => truncateSync(path, 4_096),
    "truncated to half of it": (path) => truncateSync(path, statSync(path).size / 2),
    "overwritten": (path) => overwrite(path),
    "overwritten behind its first page": (path) => overwrite(path, 4_096),
    "overwritten with text": (path) => writeFileSync(path, "hello ".repeat(100_000)),
    "overwritten with its log": (path) => [path, `${path}-wal`].forEach((each) => overwrite(each)),
  };
  for (const [what, strike] of Object.entries(DAMAGE)) {
    it(`answers from the master, tells, and goes on with a new file: ${what}`, async () => {
      const path = newFile();
      await using subject = await Subject.open(caches.SqliteCache(path), LARGE);
      strike(path);
      await subject.use();
      assert.deepEqual(subject.told, new Set(["vantage_live::cache file set aside"]));
      assert(existsSync(`${path}.damaged-1`));
      assert.equal(subject.cacheFailures, 0, "what is mended at once fails nothing");
    });
  }

  skippable("answers from the master as long as it cannot be set aside, and not longer", NO_READ_ONLY, async () => {
    const path = newFile();
    await using subject = await Subject.open(caches.SqliteCache(path), LARGE);
    for (const each of [path, `${path}-wal`]) overwrite(each);
    using readOnly = new ReadOnly(dirname(path));
    await subject.use();
    subject.assertFailed();
    readOnly[Symbol.dispose]();
    await subject.assertHeals();
  });
});

describe("A LiveTable whose cache file cannot be written to", () => {
  for (const [name, missing] of [["SqliteCache", undefined], ["DenoKvCache", NO_KV]] as const) {
    skippable(`answers from the master, and tells: a full disk under a ${name}`, missing ?? NO_DISK, async () => {
      using disk = new SmallDisk();
      await using subject = await Subject.open(caches[name](join(disk.folder, "cache.db")), SMALL);
      disk.fill();
      await subject.use();
      subject.assertFailed();
      disk.clear();
      await subject.assertHeals();
    });

    skippable(`answers from the master, and tells: a read-only ${name}`, missing ?? NO_READ_ONLY, async () => {
      const path = newFile();
      await using subject = await Subject.open(caches[name](path), SMALL);
      using readOnly = new ReadOnly(dirname(path), path, `${path}-wal`, `${path}-shm`);
      await subject.use();
      subject.assertFailed();
      readOnly[Symbol.dispose]();
      await subject.assertHeals();
    });
  }

  skippable("answers from the master, and tells: a SqliteCache that another process has locked", NO_WAIT, async () => {
    const path = newFile();
    await using subject = await Subject.open(caches.SqliteCache(path), SMALL);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    await subject.use();
    subject.assertFailed();
    other.exec("ROLLBACK");
    other.close();
    await subject.assertHeals();
  });
});

describe("SqliteCache.open() where nothing can be written", () => {
  for (const exists of [false, true]) {
    const what = exists ? "a file that exists" : "a file that does not";
    skippable(`refuses with a TypeError that names it, and changes nothing: ${what}`, NO_READ_ONLY, async () => {
      const path = newFile();
      if (exists) await (await SqliteCache.open(path)).close();
      using readOnly = new ReadOnly(dirname(path));
      const opening = SqliteCache.open(path);
      await assert.rejects(opening, (error) => error instanceof TypeError && error.message.includes(path));
      assert.equal(existsSync(path), exists);
      readOnly[Symbol.dispose]();
      await (await SqliteCache.open(path)).close();
    });
  }
});
