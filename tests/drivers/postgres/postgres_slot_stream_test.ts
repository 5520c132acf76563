import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { type LiveEvent, ManualLiveStream, NotFoundError, UnauthorizedError, UnsupportedError } from "@vantage/live";
import { type PostgresClient, PostgresSlot, type PostgresSlotOptions, replicationSlots } from "@vantage/live/postgres";
import { FakeClock } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { CLIENTS, type OpenClient, openPool } from "../../databases/postgres_clients.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import type { DatabaseServer } from "../../databases/server_process.ts";
import { skippable } from "../../skippable.ts";
import { errorOf } from "./error_of.ts";
import { GatedClient } from "./gated_client.ts";
import { eventsOf, received } from "./received_events.ts";
import { StreamStates } from "./stream_states.ts";

let server: DatabaseServer | undefined;
let pool: OpenClient | undefined;

function admin(): OpenClient {
  assert(pool !== undefined);
  return pool;
}

function run(sql: string): Promise<unknown> {
  return admin().run(sql);
}

let made = 0;

interface Made {
  readonly slot: PostgresSlot;
  readonly name: string;
  readonly states: StreamStates;
  /** Names of trace events, with the reason of gaps. */
  readonly traced: string[];
}

/** A table `t` in a publication, and a slot that is not there yet. */
async function make(options: Partial<PostgresSlotOptions> = {}, client = admin().client): Promise<Made> {
  await run("DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY, n INT)");
  await run("DROP PUBLICATION IF EXISTS p; CREATE PUBLICATION p FOR TABLE t");
  const name = `slot_${++made}`;
  const states = new StreamStates();
  const traced: string[] = [];
  const tracer = defineTracer({
    enabled: () => true,
    span: () => ({ end: () => {} }),
    event: ({ name, fields: { reason, retaining_slot: retaining } }) =>
      void traced.push([name, reason, retaining].filter((part) => part !== undefined).join(": ")),
  });
  const { onState } = states;
  const slot = new PostgresSlot(client, { slot: name, publication: "p", pollMs: 20, onState, tracer, ...options });
  return { slot, name, states, traced };
}

/** Drops a slot, also where a process has just been reading it. */
async function drop(slot: PostgresSlot): Promise<void> {
  for (let time = 0;; time++) {
    try {
      return await slot.drop();
    } catch (error) {
      if (time === 50) throw error;
      await run("SELECT pg_sleep(0.02)");
    }
  }
}

/** Whether what was committed before a place is not in a slot any more. */
async function isTakenOff(slot: string, place: string): Promise<boolean> {
  const found = await run(
    `SELECT confirmed_flush_lsn >= '${place}' AS yes FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  );
  return (found as { rows: { yes: boolean }[] }).rows[0]?.yes === true;
}

async function endOfLog(): Promise<string> {
  const rows = await run("SELECT pg_current_wal_flush_lsn()::text AS lsn");
  return (rows as { rows: { lsn: string }[] }).rows[0]?.lsn ?? "";
}

/** Resolves once something is so, which another program makes so. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let time = 0; !(await isSo()); time++) {
    assert(time < 500, "it does not come to pass");
    await run("SELECT pg_sleep(0.01)");
  }
}

function test(name: string, body: () => Promise<void>): void {
  skippable(name, WITHOUT_POSTGRES, body);
}

const CHANGED: LiveEvent = { kind: "changed" };

describe("A PostgresSlot", () => {
  before(async () => {
    if (WITHOUT_POSTGRES !== undefined) return;
    server = await startPostgres({
      wal_level: "logical",
      max_replication_slots: "4",
      synchronous_standby_names: "nobody",
      synchronous_commit: "local",
    });
    pool = await openPool(server.port);
  });
  after(async () => {
    await pool?.close();
    await server?.stop();
  });

  for (const kind of CLIENTS.filter(({ isEmbedded }) => !isEmbedded)) {
    const missing = kind.missing ?? WITHOUT_POSTGRES;
    const cannotReturn = kind.name === "a Client of pg" ? "its only connection does not come back" : missing;
    skippable(`through ${kind.name} goes on after the server was away, and misses nothing`, cannotReturn, async () => {
      const opened = await kind.open(server?.port ?? 0);
      const { slot, states, traced } = await make({}, opened.client);
      const events = await eventsOf(slot.of("t"));
      await run("INSERT INTO t VALUES (1, 1)");
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
      await server?.halt();
      await states.lost();
      await server?.restart();
      await run("SELECT").catch(() => {}); // The pool learns that its connections are gone.
      await run("INSERT INTO t VALUES (2, 2)");
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "2" }]);
      await run("DELETE FROM t");
      assert.deepEqual(await events.take(2), [1, 2].map((id) => ({ kind: "deleted", id: String(id) })));
      assert(!traced.some((name) => name.startsWith("gap")), traced.join());
      await events.end();
      await opened.close();
      await drop(new PostgresSlot(admin().client, { slot: `slot_${made}`, publication: "p" }));
    });
  }

  test("takes off the slot what all subscribers have applied, which they have when they ask for more", async () => {
    const { slot, name } = await make();
    const [one, other] = [await eventsOf(slot.of("t")), received(slot.of("t").subscribe())];
    const asking = [one.take(1), other.take(1)];
    await run("INSERT INTO t VALUES (1, 1)");
    for (const events of asking) assert.deepEqual(await events, [{ kind: "inserted", id: "1" }]);
    const inserted = await endOfLog();
    const next = one.take(1);
    await run("INSERT INTO t VALUES (2, 2)");
    await next;
    assert.equal(await isTakenOff(name, inserted), false); // The other one may be applying the first.
    const last = [one.take(1), other.take(2)] as const;
    await until(() => isTakenOff(name, inserted));
    await run("DELETE FROM t WHERE id = 1");
    assert.deepEqual(await last[1], [{ kind: "inserted", id: "2" }, { kind: "deleted", id: "1" }]);
    await last[0];
    for (const events of [one, other]) await events.end();
    await drop(slot);
  });

  test("is not read again and again by those who are idle, while others write much", async () => {
    const { slot, name } = await make();
    const events = await eventsOf(slot.of("t"));
    const next = events.take(1);
    await run("CREATE TABLE IF NOT EXISTS other (text TEXT)");
    await run("INSERT INTO other SELECT repeat('a', 1000) FROM generate_series(1, 3000)");
    const written = await endOfLog();
    await until(() => isTakenOff(name, written));
    await run("INSERT INTO t VALUES (1, 1)");
    assert.deepEqual(await next, [{ kind: "inserted", id: "1" }]);
    await events.end();
    await drop(slot);
  });

  test("that is lost, since the log was not kept so long, is made anew, and that is a gap", async () => {
    const gated = new GatedClient(admin().client);
    const { slot, traced, name } = await make({}, gated);
    const events = await eventsOf(slot.of("t"));
    await gated.hold();
    await run("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    await run("SELECT pg_reload_conf()");
    await until(async () => {
      await run("INSERT INTO t VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = 2");
      await run("SELECT pg_switch_wal()");
      await run("CHECKPOINT");
      return (await replicationSlots(admin().client)).find((one) => one.slot === name)?.walStatus === "lost";
    });
    await run("ALTER SYSTEM RESET max_slot_wal_keep_size");
    await run("SELECT pg_reload_conf()");
    gated.release();
    assert.deepEqual(await events.take(1), [CHANGED]);
    assert(traced.includes("gap: the slot was lost"), traced.join());
    await run("DELETE FROM t");
    assert.deepEqual(await events.take(1), [{ kind: "deleted", id: "1" }]);
    await events.end();
    await drop(slot);
  });

  test("goes on after the position of a subscriber, unless that is of another history, or of no history at all", async () => {
    const { slot } = await make();
    let position: string | undefined;
    const eventsFrom = async (from: string | undefined, isCaughtUp: () => void = () => {}) => {
      const cursor = { load: () => from, store: (to: string) => void (position = to), onCaughtUp: isCaughtUp };
      const events = received(slot.of("t").subscribe({ cursor }));
      return { ...events, first: (await events.take(1))[0] };
    };
    const first = await eventsFrom(undefined);
    assert.deepEqual(first.first, CHANGED);
    const next = first.take(1);
    await run("INSERT INTO t VALUES (1, 1)");
    await next;
    const asking = first.take(1);
    await until(() => position !== undefined);
    const stored = position ?? "";
    await first.end();
    await asking.catch(() => {});

    await run("INSERT INTO t VALUES (2, 2)");
    const caughtUp = Promise.withResolvers<void>();
    const second = await eventsFrom(stored, caughtUp.resolve);
    assert.deepEqual(second.first, { kind: "inserted", id: "2" });
    void second.take(1).catch(() => {});
    await caughtUp.promise;
    await second.end();

    const [history = "", place = ""] = stored.split(" ");
    const others = ["", "0/0", `1-1 ${place}`, `${history} ${place} `, `${history} FFFFFFFF/0`, `${history} 0/1`, "\0"];
    for (const other of others) {
      const events = await eventsFrom(other);
      assert.deepEqual(events.first, CHANGED, other);
      await events.end();
    }
    await drop(slot);
  });

  test("that was dropped is made anew, and that is a gap", async () => {
    const { slot, name, traced } = await make();
    const events = await eventsOf(slot.of("t"));
    await until(async () => {
      await run(`SELECT pg_drop_replication_slot('${name}')`).catch(() => {});
      return traced.includes("gap: the slot was lost");
    });
    assert.deepEqual(await events.take(1), [CHANGED]);
    await run("INSERT INTO t VALUES (1, 1)");
    const [event] = await events.take(1);
    assert(event?.kind === "inserted" || event?.kind === "changed");
    await events.end();
    await drop(slot);
  });

  test("that another process reads, too, is a gap for the one that comes late", async () => {
    const gated = new GatedClient(admin().client);
    const { slot, name, traced } = await make({}, gated);
    const late = await eventsOf(slot.of("t"));
    await gated.hold();
    const other = new PostgresSlot(admin().client, { slot: name, publication: "p", pollMs: 20 });
    const early = await eventsOf(other.of("t"));
    await run("INSERT INTO t VALUES (1, 1)");
    assert.deepEqual(await early.take(1), [{ kind: "inserted", id: "1" }]);
    const rest = early.take(1);
    const inserted = await endOfLog();
    await until(() => isTakenOff(name, inserted));
    gated.release();
    assert.deepEqual(await late.take(1), [CHANGED]);
    assert.deepEqual(traced.filter((event) => event.startsWith("gap")), ["gap: another process reads the slot"]);
    await early.end();
    await rest.catch(() => {});
    await late.end();
    await drop(slot);
  });

  test("in use by another session is waited for, in one clear sentence", async () => {
    const { slot, name, states } = await make();
    const owner = await openPool(server?.port ?? 0, "postgres");
    await owner.run(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput', TRUE)`);
    const subscription = slot.of("t").subscribe();
    await states.times("lost unavailable", 2);
    await assert.rejects(slot.drop(), errorOf(Error, name, "in use", "its own"));
    await owner.close(); // With its session, the temporary slot is gone.
    await states.live();
    await subscription.cancel();
    await drop(slot);
  });

  test("is not lost while another session looks at it for a moment", async () => {
    let looks = 0;
    const { client } = admin();
    const disturbed = new GatedClient(client, (text) => {
      const isBusy = text.includes("peek") && ++looks % 2 === 0;
      if (isBusy) throw Object.assign(new Error("in use"), { code: "55006" });
    });
    const { slot, states } = await make({}, disturbed);
    const events = await eventsOf(slot.of("t"));
    for (let id = 1; id <= 10; id++) {
      await run(`INSERT INTO t VALUES (${id}, 1)`);
      assert.deepEqual(await events.take(1), [{ kind: "inserted", id: String(id) }]);
    }
    assert.deepEqual(states.seen, ["connecting", "live"]);
    await events.end();
    await drop(slot);
  });

  test("needs a publication with all changes of the table, and says which is missing", async () => {
    const { slot } = await make();
    const failure = async (table: string, sql: string): Promise<unknown> => {
      await run(`DROP PUBLICATION p; ${sql}`);
      return await slot.of(table).subscribe().getReader().read().then(() => "no failure", (error: unknown) => error);
    };
    const cases: readonly (readonly [sql: string, check: (error: unknown) => true])[] = [
      ["SELECT", errorOf(NotFoundError, '"p"', "CREATE PUBLICATION")],
      ["CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert, update')", errorOf(UnsupportedError, "publish")],
      ["CREATE PUBLICATION p", errorOf(UnsupportedError, "ADD TABLE", '"public"."t"')],
      ["CREATE PUBLICATION p FOR TABLE t WHERE (n > 1)", errorOf(UnsupportedError, "WHERE")],
    ];
    for (const [sql, check] of cases) {
      check(await failure("t", sql));
      if (sql === "SELECT") await run("CREATE PUBLICATION p");
    }
    await run("DROP TABLE IF EXISTS bare; CREATE TABLE bare (id INT UNIQUE)");
    const bare = slot.of("bare", { idField: "id" });
    await run("DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLE bare");
    await assert.rejects(bare.subscribe().getReader().read(), errorOf(UnsupportedError, "REPLICA IDENTITY FULL"));
    await assert.rejects(slot.of("missing").subscribe().getReader().read(), errorOf(NotFoundError, '"missing"'));
    await run("DROP TABLE bare");
  });

  test("fails one table and not the others", async () => {
    const { slot } = await make();
    const events = await eventsOf(slot.of("t"));
    await assert.rejects(slot.of("missing").subscribe().getReader().read(), NotFoundError);
    await run("INSERT INTO t VALUES (1, 1)");
    assert.deepEqual(await events.take(1), [{ kind: "inserted", id: "1" }]);
    await events.end();
    await drop(slot);
  });

  test("needs REPLICATION", async () => {
    await run("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN");
    const plain = await openPool(server?.port ?? 0, "plain");
    const { slot } = await make({}, plain.client);
    await run("GRANT SELECT ON t TO plain");
    const failure = slot.of("t").subscribe().getReader().read();
    await assert.rejects(failure, errorOf(UnauthorizedError, "needed is ALTER ROLE", "REPLICATION"));
    assert.deepEqual(await replicationSlots(plain.client), []);
    await plain.close();
    await run("DROP OWNED BY plain; DROP ROLE plain");
  });

  test("says that no slot is left", async () => {
    const { slot, states } = await make();
    for (const n of [1, 2, 3, 4]) await run(`SELECT pg_create_physical_replication_slot('taken_${n}')`);
    const subscription = slot.of("t").subscribe();
    await states.lost();
    for (const n of [1, 2, 3, 4]) await run(`SELECT pg_drop_replication_slot('taken_${n}')`);
    await states.live();
    await subscription.cancel();
    await drop(slot);
  });

  test("refuses another slot of its name", async () => {
    const { slot, name } = await make();
    await run(`SELECT pg_create_physical_replication_slot('${name}')`);
    await assert.rejects(slot.of("t").subscribe().getReader().read(), errorOf(UnsupportedError, name, "physical"));
    await run(`SELECT pg_drop_replication_slot('${name}')`);
  });

  test("that is older than its publication is made anew", async () => {
    const { slot, name } = await make();
    await run("DROP PUBLICATION p");
    await run(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
    await run("INSERT INTO t VALUES (1, 1)");
    await run("CREATE PUBLICATION p FOR TABLE t");
    const stale = slot.of("t");
    // With a cursor it would read what was committed before the publication was made.
    const position = { value: "" };
    const reader = stale.subscribe({
      cursor: { load: () => position.value, store: (to) => void (position.value = to), onCaughtUp: () => {} },
    }).getReader();
    assert.deepEqual((await reader.read()).value, CHANGED);
    const next = reader.read();
    await run("INSERT INTO t VALUES (2, 2)");
    const { value } = await next;
    assert(value?.kind === "inserted" || value?.kind === "changed");
    await reader.cancel();
    await drop(slot);
  });

  test("tells of no transaction before readers see what it did", async () => {
    const { slot } = await make();
    const events = await eventsOf(slot.of("t"));
    await run("INSERT INTO t VALUES (1, 1)");
    assert.equal((await events.take(1))[0]?.kind, "inserted");
    const waiting = await commitThatWaits("UPDATE t SET n = 2 WHERE id = 1");
    let isTold = false;
    const next = events.take(1).then((taken) => (isTold = true, taken));
    await run("SELECT pg_sleep(0.2)"); // Ten times as long as the slot is left alone.
    assert.equal(isTold, false);
    await waiting.end();
    assert.deepEqual(await next, [{ kind: "updated", id: "1" }]);
    assert.equal((await run("SELECT n FROM t") as { rows: { n: number }[] }).rows[0]?.n, 2);
    await events.end();
    await drop(slot);
  });

  test("says changed once more where readers did not see all that the log had when it began", async () => {
    const { slot, traced } = await make();
    const first = await eventsOf(slot.of("t")); // The slot is there: to make it, one would have to wait.
    await first.end();
    await run("INSERT INTO t VALUES (1, 1)");
    const waiting = await commitThatWaits("UPDATE t SET n = 2 WHERE id = 1");
    const events = await eventsOf(slot.of("t"));
    const next = events.take(1);
    await waiting.end();
    assert.deepEqual(await next, [CHANGED]);
    assert(traced.includes("gap: a transaction was being committed when events began"), traced.join());
    await events.end();
    await drop(slot);
  });

  test("keeps others from nothing when a subscriber does not read, who receives changed", async () => {
    const hurried: Clock = { ...systemClock, monotonic: () => performance.now() * 50 };
    const { slot } = await make({ maxChanges: 40, pollMs: 1_000, clock: hurried });
    const [reader, idle] = [await eventsOf(slot.of("t")), slot.of("t").subscribe().getReader()];
    for (let id = 1; id <= 60; id++) {
      await run(`INSERT INTO t VALUES (${id}, 1)`);
      assert.deepEqual(await reader.take(1), [{ kind: "inserted", id: String(id) }]);
    }
    assert.deepEqual((await idle.read()).value, CHANGED);
    await run("INSERT INTO t VALUES (61, 1)");
    await reader.take(1);
    for (let id = 0; id < 61;) {
      const { value } = await idle.read();
      assert(value?.kind === "inserted" && Number(value.id) > id);
      id = Number(value.id);
    }
    await reader.end();
    await idle.cancel();
    await drop(slot);
  });

  test("is looked at at once when it is woken up", async () => {
    const wakeUp = new ManualLiveStream();
    const { slot } = await make({ pollMs: 3_600_000, wakeUp });
    const events = await eventsOf(slot.of("t"));
    const next = events.take(1);
    await run("INSERT INTO t VALUES (1, 1)");
    while (wakeUp.push({ kind: "changed" }) > 0) {
      const isTold = await Promise.race([next.then(() => true), run("SELECT pg_sleep(0.02)").then(() => false)]);
      if (isTold) break;
    }
    assert.deepEqual(await next, [{ kind: "inserted", id: "1" }]);
    wakeUp.disconnect(new Error("the source of notifications is gone"));
    await events.end();
    assert.equal(wakeUp.subscriberCount, 0);
    await drop(slot);
  });

  test("reports what slots hold back, its own and those that nobody reads", async () => {
    await run("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')");
    await run("SELECT pg_switch_wal()");
    await run("INSERT INTO t VALUES (99, 99)").catch(() => {});
    const { slot, traced, name } = await make({ maxRetainedBytes: 1_000_000 });
    const events = await eventsOf(slot.of("t"));
    await until(() => traced.includes("slot retains too much: forgotten"));
    const slots = await replicationSlots(admin().client);
    assert.deepEqual(slots.map((one) => [one.slot, one.plugin]), [["forgotten", "pgoutput"], [name, "pgoutput"]]);
    assert(Number(slots[0]?.retainedBytes) > 1_000_000);
    await run("SELECT pg_drop_replication_slot('forgotten')");
    await events.end();
    await drop(slot);
    await slot.drop(); // There is nothing to do.
  });

  skippable("refuses a server that cannot decode its log, in one clear sentence", undefined, async () => {
    const failing = async (state: object) => {
      const client: PostgresClient = {
        query: () => Promise.resolve([{ found: JSON.stringify({ ...STATE, ...state }) }]),
        transaction: () => assert.fail("not used"),
      };
      const slot = new PostgresSlot(client, { slot: "s", publication: "p", clock: new FakeClock() });
      return await slot.of("t").subscribe().getReader().read().then(() => "no failure", (error: unknown) => error);
    };
    errorOf(UnsupportedError, "14", "13")(await failing({ version: 130_011 }));
    errorOf(UnsupportedError, "standby")(await failing({ isStandby: true }));
    errorOf(UnsupportedError, "wal_level = logical", "replica")(await failing({ walLevel: "replica" }));
    const other = { plugin: "pgoutput", database: "another", pid: null, walStatus: "reserved", confirmed: "0/1" };
    errorOf(UnsupportedError, '"another"')(await failing({ slot: other }));
  });

  skippable("refuses options that make no sense", undefined, () => {
    const client: PostgresClient = { query: () => Promise.resolve([]), transaction: () => assert.fail("not used") };
    const good: PostgresSlotOptions = { slot: "s", publication: "p" };
    const refused: readonly (readonly [options: object, kind: typeof TypeError, word: string])[] = [
      [{ slot: "Shop" }, TypeError, "lower case"],
      [{ slot: "" }, TypeError, "slot"],
      [{ publication: "" }, TypeError, "publication"],
      [{ pollMs: 0 }, RangeError, "pollMs"],
      [{ maxChanges: 0 }, RangeError, "maxChanges"],
      [{ bufferCapacity: 0.5 }, RangeError, "bufferCapacity"],
      [{ maxRetainedBytes: 0 }, RangeError, "maxRetainedBytes"],
      [{ timeoutMs: -1 }, RangeError, "timeoutMs"],
      [{ wakeUp: {} }, TypeError, "wakeUp"],
      [{ poll: 1 }, TypeError, "poll"],
    ];
    for (const [options, kind, word] of refused) {
      assert.throws(() => new PostgresSlot(client, { ...good, ...options }), errorOf(kind, word));
    }
    assert.throws(() => new PostgresSlot({} as PostgresClient, good), TypeError);
    assert.throws(() => new PostgresSlot(client, good).of(""), TypeError);
    assert.throws(() => new PostgresSlot(client, good).of("t", { id: "a" } as object), errorOf(TypeError, "id"));
  });
});

/** What the query for the state answers with. */
const STATE = {
  ...{ version: 150_000, walLevel: "logical", isStandby: false, history: "1-00000001", end: "0/1", snapshot: "1:1:" },
  ...{ database: "postgres", slot: null },
};

/** Commits what the log has at once, and readers see only when this ends: a replica has to confirm it, and there is none. */
async function commitThatWaits(sql: string): Promise<{ end(): Promise<void> }> {
  const writer = await openPool(server?.port ?? 0, "postgres");
  const committed = writer.run(`SET synchronous_commit = on; ${sql}`);
  const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  await until(async () => {
    const { rows } = await run(`SELECT count(*)::int AS n ${waiting}`) as { rows: { n: number }[] };
    return rows[0]?.n === 1;
  });
  return {
    end: async () => {
      await run(`SELECT pg_cancel_backend(pid) ${waiting}`);
      await committed;
      await writer.close();
    },
  };
}
