import { installNotify } from "@vantage/live/postgres";
import { rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { startPostgres, WITHOUT_POSTGRES } from "../../tests/databases/postgres_server.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../../tests/databases/redis_server.ts";
import type { DatabaseServer } from "../../tests/databases/server_process.ts";
import { newServerFolder } from "../../tests/databases/server_process.ts";
import { type Child, type Runtime, startChild } from "../../tests/processes/children.ts";
import { between, type HostAnswer, type HostCounts, sumOf } from "./host_counts.ts";
import type { HostOptions, Mode } from "./host_options.ts";
import { Ledger } from "./ledger.ts";
import { OutsideChanges } from "./outside_changes.ts";
import { ROWS, TABLE_SQL } from "./products.ts";
import { RedisCounters, type RedisCounts } from "./redis_counters.ts";

/** What is needed, where it is missing. */
export const WITHOUT_SERVERS: string | undefined = [WITHOUT_REDIS, WITHOUT_POSTGRES].find((missing) =>
  missing !== undefined
);

/** Process by process. */
const RUNTIMES: readonly Runtime[] = ["deno", "node", "bun"];
/** Each host has five or six. */
const MOST_CONNECTIONS = "200";
/** The most times that everything is read before the hosts are at rest. */
const MOST_WARM_ROUNDS = 10;
const HOST_FILE = new URL("host_process.ts", import.meta.url).href;

/** What is run. */
export interface Run {
  readonly mode: Mode;
  readonly hosts: number;
  /** How long each of the two phases takes. */
  readonly phaseMs: number;
  /** Changes by SQL, in a second. */
  readonly outsidePerSecond: number;
  readonly seed: number;
}

/** What happened in one phase. */
export interface Phase extends HostCounts {
  readonly ms: number;
  /** By hosts and from outside. */
  readonly changes: number;
  readonly redis: RedisCounts;
}

/** What was measured. */
export interface Measured extends Run {
  readonly atRest: Phase;
  readonly whileChanging: Phase;
  /** Over the whole run, with the comparison at its end. */
  readonly violations: number;
  readonly examples: readonly string[];
}

/** One PostgreSQL and one Redis, for runs one after the other. */
export class World implements AsyncDisposable {
  readonly #started: AsyncDisposableStack;
  readonly #postgres: DatabaseServer;
  readonly #redis: RedisProcess;
  readonly #counters: RedisCounters;
  readonly #admin: pg.Pool;
  readonly #folder: string;

  private constructor(started: AsyncDisposableStack, parts: {
    readonly postgres: DatabaseServer;
    readonly redis: RedisProcess;
    readonly counters: RedisCounters;
    readonly admin: pg.Pool;
    readonly folder: string;
  }) {
    this.#started = started;
    this.#postgres = parts.postgres;
    this.#redis = parts.redis;
    this.#counters = parts.counters;
    this.#admin = parts.admin;
    this.#folder = parts.folder;
  }

  /** Starts both servers. */
  static async start(): Promise<World> {
    await using started = new AsyncDisposableStack();
    const folder = started.adopt(newServerFolder("hosts"), (path) => rmSync(path, { recursive: true }));
    const postgres = started.adopt(
      await startPostgres({ max_connections: MOST_CONNECTIONS }),
      (server) => server.stop(),
    );
    const redis = started.adopt(await startRedis(), (server) => server.remove());
    const counters = started.use(await RedisCounters.open(redis.port));
    const admin = started.adopt(
      new pg.Pool({ host: "127.0.0.1", port: postgres.port, user: "postgres", database: "postgres" }),
      (pool) => pool.end(),
    );
    return new World(started.move(), { folder, postgres, redis, counters, admin });
  }

  /** Starts the hosts with an empty cache and a new table, and lets them do everything. */
  async run(run: Run): Promise<Measured> {
    await using started = new AsyncDisposableStack();
    await this.#reset();
    const ledger = started.use(new Ledger(this.#ledgerPath, ROWS));
    const outside = new OutsideChanges(run.hosts, ledger, (sql, params) => this.#admin.query(sql, [...params]));
    const children = Array.from(
      { length: run.hosts },
      (_, at) => started.use(startChild(RUNTIMES[at % RUNTIMES.length] ?? "deno", HOST_FILE, this.#optionsOf(run, at))),
    );
    await Promise.all(children.map(answerOf));
    await this.#warm(children);
    const atRest = await this.#phase(children, run.phaseMs, () => askAll(children, `rest ${run.phaseMs}`));
    const whileChanging = await this.#phase(children, run.phaseMs, async () => {
      const asked = askAll(children, `change ${run.phaseMs}`);
      const [changed] = await Promise.all([outside.run(run.phaseMs, run.outsidePerSecond), asked]);
      return changed;
    });
    await outside.delivered();
    const answers = await askAll(children, "compare");
    const { violations } = sumOf(answers.map(({ counts }) => counts));
    return { ...run, atRest, whileChanging, violations, examples: answers.flatMap(({ examples }) => examples) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#started.disposeAsync();
  }

  get #ledgerPath(): string {
    return join(this.#folder, "ledger");
  }

  async #reset(): Promise<void> {
    await this.#counters.clear();
    await this.#admin.query(`DROP TABLE IF EXISTS products; ${TABLE_SQL}`);
    await installNotify(this.#admin, "products");
    Ledger.create(this.#ledgerPath, ROWS);
  }

  /** What one host has stored is on its way to the others; a mode of which each host reads for itself reaches no rest. */
  async #warm(children: readonly Child[]): Promise<void> {
    let reads = -1;
    for (let round = 0; round < MOST_WARM_ROUNDS; round++) {
      const { masterReads } = sumOf((await askAll(children, "warm")).map(({ counts }) => counts));
      if (masterReads === reads) return;
      reads = masterReads;
    }
  }

  async #phase(children: readonly Child[], ms: number, work: () => Promise<number | unknown>): Promise<Phase> {
    const before = await this.#counts(children);
    const changed = await work();
    const after = await this.#counts(children);
    const done = between(before.hosts, after.hosts);
    return {
      ...done,
      ms,
      changes: done.writes + (typeof changed === "number" ? changed : 0),
      redis: since(before.redis, after.redis),
    };
  }

  async #counts(children: readonly Child[]): Promise<{ readonly hosts: HostCounts; readonly redis: RedisCounts }> {
    const answers = await askAll(children, "count");
    return { hosts: sumOf(answers.map(({ counts }) => counts)), redis: await this.#counters.read() };
  }

  #optionsOf({ mode, hosts, seed }: Run, at: number): HostOptions {
    const ports = { postgresPort: this.#postgres.port, redisPort: this.#redis.port };
    return { ...mode, at, hosts, seed, ...ports, ledgerPath: this.#ledgerPath };
  }
}

function since(before: RedisCounts, after: RedisCounts): RedisCounts {
  return {
    commands: after.commands - before.commands,
    bytesIn: after.bytesIn - before.bytesIn,
    bytesOut: after.bytesOut - before.bytesOut,
    cpuMs: after.cpuMs - before.cpuMs,
  };
}

function askAll(children: readonly Child[], line: string): Promise<readonly HostAnswer[]> {
  return Promise.all(children.map((child) => {
    child.tell(line);
    return answerOf(child);
  }));
}

async function answerOf({ lines, runtime }: Child): Promise<HostAnswer> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`A host on ${runtime} has ended`);
  return value as HostAnswer; // It prints nothing else.
}
