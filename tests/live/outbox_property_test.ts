import assert from "node:assert/strict";
import { describe, it } from "node:test";
import process from "node:process";
import {
  defineTable,
  LiveTable,
  MemCache,
  MemOutbox,
  type Outbox,
  type Row,
  type Table,
  UnavailableError,
  type Write,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

const RUNS = Number(process.env.RUNS ?? 15);
const FIRST_SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const ACTIONS = 80;
const PROCESSES = 3;
const ROWS = ["a", "b", "c"];

type Chance = () => number;

/** Numbers from 0 up to but not including 1, the same for the same seed. */
function chanceOf(seed: number): Chance {
  const clock = new FakeClock({ seed });
  return () => clock.random();
}

/** A master that knows writes by their keys, and whose answers are sometimes lost. */
function master(chance: Chance): { readonly table: Table; readonly applied: string[]; calm: boolean } {
  const rows = new Map<string, Row>(ROWS.map((id) => [id, {}]));
  const answers = new Map<string, Row>();
  const state = { applied: [] as string[], calm: false };
  const apply = async (id: string, partial: Row, key = ""): Promise<Row> => {
    for (let turn = Math.floor(chance() * 4); turn > 0; turn--) await Promise.resolve();
    const fate = state.calm ? 1 : chance();
    if (fate < 0.15) throw new UnavailableError("down", { effect: "none" });
    const answer = answers.get(key) ?? { ...rows.get(id), ...partial };
    if (!answers.has(key)) {
      rows.set(id, answer);
      answers.set(key, answer);
      state.applied.push(key);
    }
    if (fate < 0.3) throw new UnavailableError("lost");
    return answer;
  };
  const table = defineTable({
    name: "things",
    capabilities: { idempotencyKeys: true },
    list: () => rows,
    get: (id) => rows.get(id),
    patch: (id, partial, { idempotencyKey }) => apply(id, partial, idempotencyKey),
  });
  return Object.assign(state, { table });
}

/** The same outbox for several processes, whose calls take some turns before their effect and after it. */
function distant(inner: MemOutbox, chance: Chance): Outbox {
  return new Proxy(inner, {
    get: (_, name) => {
      if (name === "shared") return true;
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        for (let turn = Math.floor(chance() * 5); turn > 0; turn--) await Promise.resolve();
        const answer: unknown = member.apply(inner, args);
        for (let turn = Math.floor(chance() * 5); turn > 0; turn--) await Promise.resolve();
        return answer;
      };
    },
  });
}

interface Made {
  readonly write: Write;
  readonly process: number;
  isCancelled: boolean;
}

class Run {
  readonly #chance: Chance;
  readonly #clock = new FakeClock();
  readonly #master: ReturnType<typeof master>;
  readonly #outbox: Outbox;
  readonly #tables: LiveTable[];
  readonly #made: Made[] = [];
  readonly #settled = new Map<string, string>();
  #ids = 0;

  constructor(seed: number, isDistant: boolean) {
    this.#chance = chanceOf(seed);
    this.#master = master(this.#chance);
    const inner = new MemOutbox();
    this.#outbox = isDistant ? distant(inner, this.#chance) : inner;
    this.#tables = Array.from({ length: PROCESSES }, () => this.#open());
  }

  async run(): Promise<void> {
    for (let action = 0; action < ACTIONS; action++) await this.#act();
    this.#master.calm = true;
    for (const table of this.#tables) table.setOnline(true);
    for (let step = 0; step < 120; step++) await this.#clock.advance(500);
    this.#check();
    await Promise.all(this.#tables.map((table) => table.close()));
    assert.equal(this.#clock.waiting, 0);
    assert.deepEqual(await this.#outbox.load("/things", 0, 100), []);
  }

  #open(): LiveTable {
    const clock = this.#clock;
    const retry = { firstPauseMs: 200, longestPauseMs: 2_000 };
    return new LiveTable(this.#master.table, "things", new MemCache(), { clock, outbox: this.#outbox, retry });
  }

  async #act(): Promise<void> {
    const what = this.#chance();
    const process = Math.floor(this.#chance() * PROCESSES);
    const table = this.#tables[process];
    assert(table !== undefined);
    if (what < 0.5) this.#write(table, process);
    else if (what < 0.6) this.#cancel();
    else if (what < 0.75) await this.#clock.advance(Math.floor(this.#chance() * 3_000));
    else if (what < 0.8) table.setOnline(this.#chance() < 0.5);
    else if (what < 0.84) {
      await Promise.all([table.close(), this.#passing()]);
      this.#tables[process] = this.#open();
    } else if (what < 0.95) await settle();
    else await Promise.resolve();
  }

  /** A table that is being closed may wait for its last attempts. */
  async #passing(): Promise<void> {
    for (let time = 0; time < 10; time++) await this.#clock.advance(100);
  }

  #write(table: LiveTable, process: number): void {
    const id = ROWS[Math.floor(this.#chance() * ROWS.length)] ?? "a";
    const key = `w${++this.#ids}`;
    const write = table.enqueue({ kind: "patch", id, partial: { [key]: true } }, { idempotencyKey: key });
    write.applied.then(() => this.#settled.set(key, "applied"), (error) => this.#settled.set(key, error.name));
    this.#made.push({ write, process, isCancelled: false });
  }

  #cancel(): void {
    const made = this.#made[Math.floor(this.#chance() * this.#made.length)];
    if (made !== undefined) made.isCancelled ||= made.write.cancel();
  }

  #check(): void {
    const { applied } = this.#master;
    assert.equal(new Set(applied).size, applied.length, "nothing is applied twice");
    for (const { write: { id }, isCancelled } of this.#made) {
      const outcome = this.#settled.get(id);
      assert(outcome !== undefined, `${id} has not settled`);
      const isTakenBack = isCancelled && outcome === "AbortError";
      assert.equal(applied.includes(id), !isTakenBack, `${id}, ${outcome}, ${isCancelled ? "cancelled" : "not"}`);
    }
    for (const id of ROWS) {
      for (let process = 0; process < PROCESSES; process++) {
        const ids = this.#made.filter((it) => it.process === process && it.write.rowId === id).map(({ write }) =>
          write.id
        );
        const inOrder = applied.filter((key) => ids.includes(key));
        assert.deepEqual(inOrder, ids.filter((key) => inOrder.includes(key)), `the order of row ${id}`);
      }
    }
  }
}

describe("LiveTables on one outbox", () => {
  for (const [kind, isDistant] of [["at once", false], ["later", true]] as const) {
    it(`that answers ${kind}, apply each accepted write once, in the order of its row, and settle each`, async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
        try {
          await new Run(seed, isDistant).run();
        } catch (error) {
          throw new Error(`SEED=${seed} RUNS=1`, { cause: error });
        }
      }
    });
  }
});
