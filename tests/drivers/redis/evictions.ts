import assert from "node:assert/strict";
import { FakeClock } from "@vantage/live/testing";
import { openNodeRedis } from "../../databases/redis_clients.ts";
import type { RedisProcess } from "../../databases/redis_server.ts";
import { type Host, newMaster, openHost } from "./hosts.ts";

const ROUNDS = 120;
/** What is done at once in a round. */
const CALLS_PER_ROUND = 4;
/** Two of each host, which it alone writes, and two that change outside. */
const ROWS = 6;
const FILLER = "x".repeat(20_000);
/** More than Redis has room for, so that it evicts from the first step on. */
const FILLERS = 60;

/**
 * Two hosts read and write, while Redis evicts what it likes, and a random key of all is deleted now and then. Nothing that
 * is answered is older than what was known when it was asked for.
 */
export async function runEvicted(server: RedisProcess, started: AsyncDisposableStack, seed: number): Promise<void> {
  const chance = new FakeClock({ seed });
  const pick = (count: number): number => Math.floor(chance.random() * count);
  const master = newMaster(ROWS);
  const hosts = [await openHost(server.port, master), await openHost(server.port, master)] as const;
  for (const host of hosts) started.use(host);
  const redis = started.adopt(await openNodeRedis(server.port), ({ close }) => close());
  const known = new Map<string, number>();
  const newest = new Map<string, number>();
  const next = (id: string): number => {
    newest.set(id, (newest.get(id) ?? 0) + 1);
    return newest.get(id) ?? 0;
  };
  const learn = (id: string, version: number): void => void known.set(id, Math.max(version, known.get(id) ?? 0));

  const fill = (filler: number): Promise<unknown> =>
    redis.run("SET", `filler ${filler}`, FILLER, "PX", "1000000000").catch(() => {});
  for (let filler = 0; filler < FILLERS; filler++) await fill(filler);

  const steps: readonly ((host: Host) => Promise<unknown>)[] = [
    (host) => assertRead(host, known, pick),
    (host) => assertRead(host, known, pick),
    (host) => assertRead(host, known, pick),
    async (host) => {
      const id = `${2 * pick(2) + (host === hosts[0] ? 0 : 1)}`;
      const version = next(id);
      await host.table.patchValue(id, { version });
      learn(id, version);
    },
    async ({ table }) => {
      const id = `${4 + pick(2)}`;
      const version = next(id);
      await master.patchValue(id, { version });
      await table.invalidate();
      learn(id, version);
    },
    () => fill(pick(FILLERS)),
    () => fill(pick(FILLERS)),
    async () => {
      const key = await redis.run("RANDOMKEY");
      if (typeof key === "string") await redis.run("DEL", key);
    },
  ];
  for (let round = 0; round < ROUNDS; round++) {
    const calls = Array.from({ length: CALLS_PER_ROUND }, () => {
      const [step, host] = [steps[pick(steps.length)], hosts[pick(hosts.length)]];
      assert(step !== undefined && host !== undefined);
      return step(host);
    });
    await Promise.all(calls);
  }
  for (const host of hosts) assert(host.table.stats().hits > 0);
  assert.match(String(await redis.run("INFO", "stats")), /evicted_keys:[1-9]/);
}

async function assertRead(
  { table }: Host,
  known: ReadonlyMap<string, number>,
  pick: (count: number) => number,
): Promise<void> {
  const least = new Map(known);
  if (pick(3) === 0) {
    const id = `${pick(ROWS)}`;
    assertNew(id, Number((await table.getValue(id))?.version), least);
    return;
  }
  const rows = await (pick(2) === 0 ? table : table.where("version", "gte", 0)).listValues();
  for (const [id, row] of rows) assertNew(id, Number(row.version), least);
}

function assertNew(id: string, version: number, least: ReadonlyMap<string, number>): void {
  assert(version >= (least.get(id) ?? 0), `row ${id} is of version ${version}, and ${least.get(id)} was known`);
}
