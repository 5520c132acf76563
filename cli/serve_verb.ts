import { systemClock } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { serveHttp } from "./http_server.ts";
import { InspectorSite } from "./inspector_site.ts";
import { Interruption } from "./interruption.ts";
import { type Output, paint } from "./output.ts";
import { fileMasterOf, makeDemoFolder, placesOf } from "./places.ts";
import { ServedTables } from "./served_tables.ts";
import { formatMs, round } from "./timed_reads.ts";
import { type Answer, COMMON_FLAGS, type Context, type Verb } from "./verb.ts";
import { printSeeded, seedIfMissing } from "./wiring.ts";

const DEFAULT_PORT = 8737;
const MAX_PORT = 65_535;
const MAX_LATENCY_MS = 60_000;
const LOCAL_NAMES: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];
const READING: readonly string[] = ["GET", "HEAD", "OPTIONS"];

export const serveVerb: Verb = {
  name: "serve",
  words: [],
  summary: "serve the master's tables over HTTP, to this machine only, until Ctrl-C",
  details: [
    "The first line is the address; with --master and that address, the other verbs work over the network.",
    "Any process on this machine may write, unless --read-only is given. Changes of others to the file are emitted, too.",
    "With --json, each line is a document.",
  ],
  flags: [
    { name: "port", value: "<n>", help: `the port; 0 is any free one; default ${DEFAULT_PORT}` },
    { name: "latency-ms", value: "<n>", help: "wait this long before each answer, as a network would; default 0" },
    { name: "read-only", help: "refuse writes" },
    { name: "inspect", help: "also serve a page that shows what the tables do; traces go there, in place of --debug" },
    { name: "until-stdin-ends", help: "end when standard input does, for use as a child process" },
    { name: "master", value: "<file>", help: "the database; default .vantage-demo/master.sqlite" },
    ...COMMON_FLAGS,
  ],
  run: serve,
};

async function serve(args: Arguments, { out, tracer }: Context): Promise<Answer> {
  const port = args.whole("port", { min: 0, max: MAX_PORT }) ?? DEFAULT_PORT;
  const latencyMs = args.whole("latency-ms", { min: 0, max: MAX_LATENCY_MS }) ?? 0;
  const readOnly = args.has("read-only");
  const master = fileMasterOf(placesOf(args), "serve");
  makeDemoFolder([master.path]);
  const seeded = await seedIfMissing(master);
  using interruption = new Interruption({ withStdin: args.has("until-stdin-ends") });
  const site = args.has("inspect") ? new InspectorSite() : undefined;
  await using tables = await ServedTables.open(master, { writable: !readOnly, tracer: site?.recorder ?? tracer });
  site?.recorder.attach(tables.live);
  const log = new RequestLog(out, { all: args.has("debug") });
  await using server = await serveHttp(async (request) => {
    if (!isLocal(request)) return new Response("Use the address of this machine", { status: 403 });
    const startedAt = performance.now();
    await systemClock.wait(latencyMs);
    const response = await site?.answer(request) ?? await tables.answer(request);
    log.print(request, response, performance.now() - startedAt);
    return response;
  }, port);
  printServed(out, {
    url: server.url,
    tables: tables.names,
    latencyMs,
    readOnly,
    inspector: site && server.url + site.path,
  });
  if (seeded) printSeeded(out, master);
  await printChanges(out, tables, interruption.signal);
  return {};
}

/** Refuses web pages whose domain resolves to this machine: browsers send that domain as the host or origin. */
function isLocal({ url, headers }: Request): boolean {
  const origin = headers.get("origin");
  return [url, origin ?? url].every((text) => URL.canParse(text) && LOCAL_NAMES.includes(new URL(text).hostname));
}

/** What is served, and how. */
interface Served {
  readonly url: string;
  readonly tables: readonly string[];
  readonly latencyMs: number;
  readonly readOnly: boolean;
  /** Where the inspector is. */
  readonly inspector: string | undefined;
}

function printServed(out: Output, { url, tables, latencyMs, readOnly, inspector }: Served): void {
  out.record({ event: "serving", url, tables, latencyMs, readOnly, inspector });
  out.line(paint("bold", "serving "), url);
  out.line(`tables  ${tables.join(", ")}`);
  if (inspector !== undefined) out.line(`inspect ${inspector}`);
  if (latencyMs > 0) out.line(`waits   ${latencyMs} ms before each answer`);
  out.line(
    `writes  ${readOnly ? "are refused" : "are accepted from any process on this machine; --read-only refuses them"}`,
  );
}

/** Prints changes of others until it is interrupted. */
async function printChanges(out: Output, { changes }: ServedTables, signal: AbortSignal): Promise<void> {
  for await (const _ of changes.subscribe({ signal })) {
    out.record({ event: "changed" });
    out.line(paint("cyan", "CHANGED "), "by another process with the file; subscribers are notified");
  }
}

/** Prints requests that write, or all requests. */
class RequestLog {
  readonly #out: Output;
  readonly #all: boolean;

  constructor(out: Output, { all }: { readonly all: boolean }) {
    this.#out = out;
    this.#all = all;
  }

  print({ method, url }: Request, { status }: Response, ms: number): void {
    if (!this.#all && READING.includes(method)) return;
    const { pathname, search } = new URL(url);
    const path = pathname + search;
    this.#out.record({ event: "request", method, path, status, ms: round(ms) });
    this.#out.line(paint(status < 400 ? "cyan" : "red", method.padEnd(8)), `${status} ${formatMs(ms)}  ${path}`);
  }
}
