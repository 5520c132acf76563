import { LiveTable, MemCache, MemTable, Rows } from "@vantage/live";
import { tableHandler } from "@vantage/live/server";
import { type Walk, walked } from "./walked.ts";

/** A call, what it passed through, and how much that may be. */
export interface Measured {
  readonly name: string;
  readonly walk: Walk;
  readonly maxFiles: number;
  readonly maxFunctions: number;
}

/**
 * The most that a call may pass through. What needs more is a reason to ask whether two files are one. Of a write, three are
 * beyond the ports: the cache, its keys, and the stream of events.
 */
const LIMITS = {
  "hit, listValues()": { maxFiles: 6, maxFunctions: 14 },
  "hit, getValue()": { maxFiles: 7, maxFunctions: 17 },
  "miss, listValues()": { maxFiles: 21, maxFunctions: 93 },
  "miss, getValue()": { maxFiles: 17, maxFunctions: 70 },
  "write, patchValue()": { maxFiles: 32, maxFunctions: 158 },
  "hit over HTTP, GET /rows": { maxFiles: 17, maxFunctions: 42 },
};

/** Each call once more, after a first one that made what is made only once. */
export async function measureWalks(): Promise<readonly Measured[]> {
  const live = new LiveTable(nearestMaster(), "p", new MemCache());
  const handler = tableHandler(live);
  const list = (): Promise<unknown> => live.listValues();
  const get = (): Promise<unknown> => live.getValue("a");
  const write = (): Promise<unknown> => live.patchValue("a", { n: 2 });
  const ask = async (): Promise<unknown> => (await handler(new Request("http://localhost/rows"))).text();
  for (const call of [list, get, write, ask]) await call();
  await live.invalidate();
  const calls: readonly (readonly [keyof typeof LIMITS, () => Promise<unknown>])[] = [
    ["miss, listValues()", list],
    ["hit, listValues()", list],
    ["miss, getValue()", get],
    ["hit, getValue()", get],
    ["write, patchValue()", write],
  ];
  const measured: Measured[] = [];
  for (const [name, call] of calls) measured.push({ name, walk: await walked(call), ...LIMITS[name] });
  await ask();
  measured.push({ name: "hit over HTTP, GET /rows", walk: await walked(ask), ...LIMITS["hit over HTTP, GET /rows"] });
  await handler.close();
  await live.close();
  return measured;
}

/** A master that passes through nothing of src: what stands behind it is no part of the walk. */
function nearestMaster(): MemTable {
  const rows = Rows.from([["a", { n: 1 }]]);
  const row = rows.get("a");
  const master = Object.create(new MemTable("p")) as MemTable; // What it does not do itself, it does as this.
  return Object.assign(master, {
    withQuery: () => master,
    listValues: () => Promise.resolve(rows),
    getValue: () => Promise.resolve(row),
    patchValue: () => Promise.resolve(row),
  });
}
