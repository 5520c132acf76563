import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Arguments } from "./args.ts";
import { BadInput, messageOf } from "./bad_input.ts";

/** The default folder for the demo's files, in the current folder. */
export const DEMO_FOLDER = ".vantage-demo";

/** The table, its master, the cache in front of it, and the outbox for writes that wait. */
export interface Places {
  readonly entity: string;
  readonly master: MasterPlace;
  readonly cache: CachePlace;
  /** The file of the outbox. */
  readonly outbox: string;
}

/** The owner of the data. */
export type MasterPlace = FileMaster | ServerMaster | PostgresMaster | SurrealMaster;

/** A database file. */
export interface FileMaster {
  readonly kind: "file";
  readonly path: string;
  /** Whether it is the demo's default, which is filled on first use. */
  readonly isDefault: boolean;
}

/** A server like the one that `serve` starts. */
export interface ServerMaster {
  readonly kind: "server";
  /** The base URL of its tables, which ends in a slash. */
  readonly url: URL;
}

/** A database of PostgreSQL. */
export interface PostgresMaster {
  readonly kind: "postgres";
  /** Its URL, which may have a password: it must not be printed. */
  readonly url: string;
  /** The URL without user, password and parameters. */
  readonly shown: string;
}

/** A database of SurrealDB. */
export interface SurrealMaster {
  readonly kind: "surreal";
  /** The address of its WebSocket. */
  readonly url: string;
  /** What is shown of it. */
  readonly host: string;
  readonly namespace: string;
  readonly database: string;
  /** Not to be shown. */
  readonly user: { readonly username: string; readonly password: string } | undefined;
}

/** Where rows are cached: in an SQLite file, in a file of Deno KV, in Redis, in memory, or nowhere. */
export type CachePlace =
  | { readonly kind: "mem" | "none" }
  | { readonly kind: "file" | "kv"; readonly path: string }
  | {
    readonly kind: "redis";
    /** May hold credentials: not to be shown. */
    readonly url: string;
    /** What is shown of it. */
    readonly host: string;
  };

/**
 * The places given by the flags. Checks files, but changes none.
 *
 * @throws {BadInput} if a place is invalid.
 */
export function placesOf(args: Arguments): Places {
  const places: Places = {
    entity: given(args, "entity") ?? "products",
    master: masterOf(args),
    cache: cacheOf(args),
    outbox: given(args, "outbox") ?? join(DEMO_FOLDER, "outbox.sqlite"),
  };
  const files = filesOf(places);
  for (const path of files) checkFile(path);
  const paths = files.map((path) => resolve(path));
  const twice = files.find((_, index) => paths.indexOf(paths[index] ?? "") < index);
  if (twice === undefined) return places;
  throw new BadInput(
    `Two of --master, --cache and --outbox are the same file ${JSON.stringify(twice)}; they must differ`,
  );
}

/**
 * The master, for a verb that needs a file.
 *
 * @throws {BadInput} if it is a server.
 */
export function fileMasterOf({ master }: Places, verb: string): FileMaster {
  if (master.kind === "file") return master;
  throw new BadInput(`${verb} works on a file, and --master ${shownMaster(master)} is a server`);
}

/** A master as it is shown: without credentials. */
export function shownMaster(master: MasterPlace): string {
  switch (master.kind) {
    case "file":
      return master.path;
    case "server":
      return master.url.href;
    case "postgres":
      return master.shown;
    case "surreal":
      return `surrealdb://${master.host}/${master.namespace}/${master.database}`;
    default:
      return master satisfies never;
  }
}

/** Creates the demo's folder if one of the files belongs there. */
export function makeDemoFolder(files: readonly string[]): void {
  if (!files.some(isInDemoFolder)) return;
  try {
    mkdirSync(DEMO_FOLDER, { recursive: true });
  } catch (cause) {
    throw new BadInput(`Cannot create the folder ${DEMO_FOLDER}: ${messageOf(cause)}`, { cause });
  }
}

export function filesOf({ master, cache, outbox }: Places): readonly string[] {
  return [...[master, cache].flatMap((place) => "path" in place ? [place.path] : []), outbox];
}

/**
 * The cache key of a table. It includes the master and the user, so that different masters, and users who may see different
 * rows, never share rows in one cache.
 */
export function cacheKeyOf(entity: string, master: MasterPlace): string {
  return `${entity}@${createHash("sha256").update(identityOf(master)).digest("hex").slice(0, 12)}`;
}

function identityOf(master: MasterPlace): string {
  switch (master.kind) {
    case "file":
      return realpathSync(master.path);
    case "server":
      return shownMaster(master);
    case "postgres": {
      const url = new URL(master.url);
      url.password = "";
      return url.href;
    }
    case "surreal":
      return JSON.stringify([shownMaster(master), master.user?.username]);
    default:
      return master satisfies never;
  }
}

/** The URL of a server's table. */
export function tableUrl(entity: string, { url }: ServerMaster): URL {
  return new URL(encodeURIComponent(entity), url);
}

/** The URL of a table's events. */
export function eventsUrl(entity: string, master: ServerMaster): URL {
  return new URL(`${tableUrl(entity, master)}/events`);
}

function masterOf(args: Arguments): MasterPlace {
  const master = given(args, "master");
  if (master === undefined) return { kind: "file", path: join(DEMO_FOLDER, "master.sqlite"), isDefault: true };
  if (/^https?:/i.test(master)) return { kind: "server", url: serverUrl(master) };
  if (/^postgres(ql)?:/i.test(master)) return postgresMaster(master);
  if (/^(?:surrealdb|wss?):/i.test(master)) return surrealAt(master);
  if (LIKE_ADDRESS.test(master) && !existsSync(master)) {
    const url = mayHoldPassword(master) ? "and a URL like http://127.0.0.1:8737/" : `http://${withoutScheme(master)}`;
    throw new BadInput(`${quoted(master)} is not a file; for a server, use --master ${url}`);
  }
  return { kind: "file", path: master, isDefault: false };
}

/** `host:port`, or a URL of another scheme. */
const LIKE_ADDRESS = /^(?:[\w.-]+|\[[\da-f:]+\]):\d+\/?$|^\w+:\/\//i;

function withoutScheme(address: string): string {
  return address.replace(/^\w+:\/\//, "");
}

/** Whether an address may have a password, as that of another database has. Then nothing of it is shown. */
function mayHoldPassword(text: string): boolean {
  return /[@?]/.test(text);
}

function quoted(text: string): string {
  return mayHoldPassword(text) ? "What was given" : JSON.stringify(text);
}

/** The URL in a text; `undefined` if it is none, or what is escaped in it cannot be read. */
function urlIn(text: string): URL | undefined {
  const url = URL.parse(text);
  try {
    for (const part of [url?.username, url?.password, url?.pathname]) decodeURIComponent(part ?? "");
    return url ?? undefined;
  } catch {
    return undefined;
  }
}

/** `surrealdb://` stands for `ws://`, as drivers of other databases have it. */
function surrealAt(text: string): SurrealMaster {
  const url = urlIn(text.replace(/^surrealdb:/i, "ws:"));
  const [namespace = "", database = "", more] = url?.pathname.slice(1).split("/").map(decodeURIComponent) ?? [];
  if (url === undefined || namespace === "" || database === "" || more !== undefined || url.search + url.hash !== "") {
    // Not quoted, since it may contain a password.
    throw new BadInput("--master takes a URL of SurrealDB like surrealdb://127.0.0.1:8000/<namespace>/<database>");
  }
  const { protocol, host, username, password } = url;
  const port = url.port === "" && protocol === "ws:" ? ":8000" : "";
  const user = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return {
    kind: "surreal",
    url: `${protocol}//${host}${port}/rpc`,
    host: `${host}${port}`,
    namespace,
    database,
    user: username === "" ? undefined : user,
  };
}

function serverUrl(text: string): URL {
  const url = urlIn(text);
  if (url === undefined) {
    throw new BadInput(`${quoted(text)} is not a URL; accepted is a URL like http://127.0.0.1:8737/`);
  }
  // Not quoted, since it may contain a password.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new BadInput("--master takes a URL without user, password, parameters and fragment");
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Nothing of the text is quoted, since it may contain a password. */
function postgresMaster(text: string): PostgresMaster {
  const url = urlIn(text);
  if (url === undefined || url.host === "" || !/^\/[^/]+$/.test(url.pathname)) {
    throw new BadInput("--master takes a URL like postgres://user@127.0.0.1:5432/database");
  }
  return { kind: "postgres", url: text, shown: `postgres://${url.host}${url.pathname}` };
}

function cacheOf(args: Arguments): CachePlace {
  if (args.has("no-cache")) {
    if (args.has("cache")) throw new BadInput("--no-cache and --cache were both given; accepted is one of them");
    return { kind: "none" };
  }
  const cache = given(args, "cache") ?? join(DEMO_FOLDER, "cache.sqlite");
  if (cache === "mem" || cache === "none") return { kind: cache };
  if (cache === "kv") return { kind: "kv", path: join(DEMO_FOLDER, "cache.kv") };
  if (/^rediss?:/i.test(cache)) return redisAt(cache);
  if (!cache.startsWith("kv:")) {
    if (isFileName(cache)) return { kind: "file", path: cache };
    throw new BadInput(
      `${quoted(cache)} is not a cache; accepted are mem, none, kv, kv:<file>, redis://<host>, and a file like ./name`,
    );
  }
  const path = cache.slice("kv:".length);
  if (path === "") throw new BadInput("--cache kv:<file> needs a file after the colon");
  return { kind: "kv", path };
}

function redisAt(text: string): CachePlace {
  const url = urlIn(text);
  // Not quoted, since it may contain a password.
  if (url === undefined || url.hostname === "" || !/^(?:\/\d*)?$/.test(url.pathname) || url.search + url.hash !== "") {
    throw new BadInput("--cache takes a URL of Redis like redis://127.0.0.1:6379 or redis://127.0.0.1:6379/1");
  }
  return { kind: "redis", url: url.href, host: url.host + url.pathname };
}

/** A bare word that is not an existing file is more likely a mistake, and so is a URL. */
function isFileName(text: string): boolean {
  return existsSync(text) || (/[./\\]/.test(text) && !/^\w+:\/\//.test(text));
}

function given(args: Arguments, flag: string): string | undefined {
  const text = args.text(flag);
  if (text === "") throw new BadInput(`--${flag} needs a non-empty value`);
  return text;
}

function checkFile(path: string): void {
  if (path.includes("\0")) throw new BadInput(`${JSON.stringify(path)} is not a file name`);
  if (existsSync(path)) {
    if (statSync(path).isFile()) return;
    throw new BadInput(`${JSON.stringify(path)} is not a file; accepted is an SQLite file`);
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
