import { existsSync, statSync } from "node:fs";
import type { Capabilities, Explanation } from "@vantage/live";
import type { Arguments } from "./args.ts";
import type { Json } from "./json_form.ts";
import type { Output } from "./output.ts";
import { changesToJson, countEffects } from "./page_effects.ts";
import { pictureOf } from "./picture.ts";
import { type CachePlace, type Places, shownMaster, tableUrl } from "./places.ts";
import { type Answer, COMMON_FLAGS, type Context, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";

export const infoVerb: Verb = {
  name: "info",
  words: [],
  summary: "show the wiring as a picture in text",
  details: [],
  flags: [...TABLE_FLAGS, ...COMMON_FLAGS],
  run(args: Arguments, context: Context): Promise<Answer> {
    return onTable(args, context, {
      needsMaster: true,
      check: () => undefined,
      run: async (wiring) => {
        await printWiring(wiring, context.out);
        return { document: await wiringToJson(wiring) };
      },
    });
  },
};

/** Prints the picture. */
export async function printWiring({ live, master, places }: Wiring, out: Output): Promise<void> {
  const key = live.pageCacheKey(1);
  const explanation = await live.explain(key);
  const lines = pictureOf({
    live: [`table      LiveTable of ${live.tableName}`, `cache key  ${live.cacheKey}`, `columns    ${columnsOf(live)}`],
    cache: [...cacheLines(places.cache), ...pageLines(explanation)],
    queue: ["queue      256 places", "answers    one for each write"],
    master: [
      ...masterLines(places, await master.getCount()),
      `id         ${live.idField}`,
      `refers to  ${live.refNames.length > 0 ? live.refNames.join(", ") : "nothing"}`,
      `supports   ${abilitiesOf(live.capabilities)}`,
    ],
  });
  for (const line of lines) out.line(line);
}

/** The size of a database's files in bytes. */
export function bytesIn(path: string): number {
  let bytes = 0;
  for (const file of [path, `${path}-wal`]) if (existsSync(file)) bytes += statSync(file).size;
  return bytes;
}

async function wiringToJson({ live, master, places }: Wiring): Promise<Answer["document"]> {
  const { cache } = places;
  const { held, rows, changes } = await live.explain(live.pageCacheKey(1));
  return {
    verb: "info",
    entity: places.entity,
    cacheKey: live.cacheKey,
    keys: { page: live.pageCacheKey(1), row: live.idCacheKey("<id>") },
    columns: live.columns.map(({ name, type, flags }) => ({ name, type, flags })),
    idField: live.idField,
    refs: live.refNames,
    capabilities: { ...live.capabilities },
    master: { ...masterToJson(places), rows: await master.getCount() },
    cache: { ...cacheToJson(cache), held, rows, changes: changesToJson(changes) },
  };
}

/** The facts of a cache as JSON. */
export function cacheToJson(cache: CachePlace): { readonly [name: string]: Json } {
  if (cache.kind === "redis") return { kind: cache.kind, host: cache.host };
  if (!("path" in cache)) return { kind: cache.kind };
  return { kind: cache.kind === "file" ? "sqlite" : "kv", path: cache.path, bytes: bytesIn(cache.path) };
}

function masterToJson({ master, entity }: Places): { readonly [name: string]: Json } {
  switch (master.kind) {
    case "file":
      return { kind: "sqlite", path: master.path, bytes: bytesIn(master.path) };
    case "server":
      return { kind: "rest", url: tableUrl(entity, master).href };
    case "postgres":
      return { kind: "postgres", url: shownMaster(master) };
    case "surreal":
      return { kind: "surrealdb", url: shownMaster(master) };
    default:
      return master satisfies never;
  }
}

function masterLines({ master, entity }: Places, rows: number): readonly string[] {
  switch (master.kind) {
    case "file":
      return [
        `master     SqliteTable ${entity}, ${rows} rows`,
        `file       ${master.path}, ${bytesIn(master.path)} bytes`,
      ];
    case "server":
      return [`master     RestTable ${entity}, ${rows} rows`, `server     ${tableUrl(entity, master)}`];
    case "postgres":
      return [`master     PostgresTable ${entity}, ${rows} rows`, `database   ${shownMaster(master)}`];
    case "surreal":
      return [`master     SurrealTable ${entity}, ${rows} rows`, `server     ${shownMaster(master)}`];
    default:
      return master satisfies never;
  }
}

function cacheLines(cache: CachePlace): readonly string[] {
  switch (cache.kind) {
    case "mem":
      return ["cache      MemCache", "size       while this process runs"];
    case "none":
      return ["cache      NoCache", "size       keeps nothing"];
    case "redis":
      return ["cache      RedisCache", `host       ${cache.host}`];
    case "file":
    case "kv":
      return [
        `cache      ${cache.kind === "file" ? "SqliteCache" : "DenoKvCache"}`,
        `file       ${cache.path}`,
        `size       ${bytesIn(cache.path)} bytes`,
      ];
    default:
      return cache satisfies never;
  }
}

function pageLines({ held, rows, changes }: Explanation): readonly string[] {
  const page = rows === undefined ? "not held" : held ? `held, ${rows} rows` : `${rows} rows, outdated`;
  return [`page 1     ${page}`, ...changes.length > 0 ? [`changes    ${countEffects(changes)}`] : []];
}

function columnsOf({ columns }: Wiring["live"]): string {
  return columns.map(({ name, type = "" }) => type === "" ? name : `${name} ${type}`).join(", ");
}

function abilitiesOf(capabilities: Capabilities): string {
  return Object.entries(capabilities).filter(([, can]) => Array.isArray(can) ? can.length > 0 : can).map(([name]) =>
    name
  )
    .join(", ");
}
