import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Arguments } from "./args.ts";
import { BadInput, messageOf } from "./bad_input.ts";

/** The folder for what the demo keeps unless told otherwise, in the current folder. */
export const DEMO_FOLDER = ".vantage-demo";

/** Which table, in which database, with which cache in front of it. */
export interface Places {
  readonly entity: string;
  readonly master: string;
  /** Whether the master is the demo's own, which is filled on its first use. */
  readonly masterIsDefault: boolean;
  readonly cache: CachePlace;
}

/** Where rows are kept. */
export type CachePlace = { readonly kind: "mem" } | { readonly kind: "none" } | {
  readonly kind: "file";
  readonly path: string;
};

/**
 * The places that the flags name. Looks at files, and changes none.
 *
 * @throws {BadInput} if a place cannot be one.
 */
export function placesOf(args: Arguments): Places {
  const entity = given(args, "entity") ?? "products";
  const master = given(args, "master");
  const cache = given(args, "cache") ?? join(DEMO_FOLDER, "cache.sqlite");
  const places: Places = {
    entity,
    master: master ?? join(DEMO_FOLDER, "master.sqlite"),
    masterIsDefault: master === undefined,
    cache: cache === "mem" || cache === "none" ? { kind: cache } : { kind: "file", path: cache },
  };
  for (const path of filesOf(places)) checkFile(path);
  if (places.cache.kind === "file" && resolve(places.cache.path) === resolve(places.master)) {
    throw new BadInput(`--cache and --master are the same file ${JSON.stringify(cache)}; they must be two`);
  }
  return places;
}

/** Makes the demo's folder if one of the files belongs there. */
export function makeDemoFolder(places: Places): void {
  if (!filesOf(places).some(isInDemoFolder)) return;
  try {
    mkdirSync(DEMO_FOLDER, { recursive: true });
  } catch (cause) {
    throw new BadInput(`Cannot make the folder ${DEMO_FOLDER}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The key that the rows of one table in one database are kept under. The database is part of it, so that no two of them
 * share rows in one cache.
 */
export function cacheKeyOf(entity: string, master: string): string {
  return `${entity}@${createHash("sha256").update(realpathSync(master)).digest("hex").slice(0, 12)}`;
}

function filesOf({ master, cache }: Places): readonly string[] {
  return cache.kind === "file" ? [master, cache.path] : [master];
}

function given(args: Arguments, flag: string): string | undefined {
  const text = args.text(flag);
  if (text === "") throw new BadInput(`--${flag} needs a value that is not empty`);
  return text;
}

function checkFile(path: string): void {
  if (path.includes("\0")) throw new BadInput(`${JSON.stringify(path)} is not the name of a file`);
  if (existsSync(path)) {
    if (statSync(path).isFile()) return;
    throw new BadInput(`${JSON.stringify(path)} is not a file; accepted is a file of SQLite`);
  }
  const folder = dirname(resolve(path));
  if (isInDemoFolder(path) && !existsSync(folder)) return;
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new BadInput(`There is no folder ${JSON.stringify(dirname(path))} for the file ${JSON.stringify(path)}`);
  }
}

function isInDemoFolder(path: string): boolean {
  return dirname(resolve(path)) === resolve(DEMO_FOLDER);
}
