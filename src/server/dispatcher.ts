import { describe } from "../base/describe.ts";
import type { Trace, TraceLevel } from "../trace/tracer.ts";
import { badRequest, problemOf } from "../wire/problem.ts";
import { noContent, problemAnswer, Refusal, withoutBody } from "./answers.ts";
import type { Json } from "../wire/wire_value.ts";
import { readJson, writeIn } from "./body.ts";
import { EventBroadcast } from "./event_broadcast.ts";
import type { HandlerSettings } from "./handler_options.ts";
import type { NamedStream } from "./named_tables.ts";
import { refuse, refuseForNow } from "./refusals.ts";
import type { Action, Place } from "./routes.ts";
import type { Site } from "./site.ts";

/** The detail of a failure that must not reveal more. */
const NO_ANSWER = "The request could not be answered";

/** What a {@linkcode Dispatcher} works with. */
export interface DispatcherParts {
  /** The names of the tables, for traces. */
  readonly names: readonly string[];
  readonly streams: readonly NamedStream[];
  /** Creates the routes; `events` is `undefined` if there are no streams. */
  readonly toSite: (events: EventBroadcast | undefined) => Site;
}

/** Checks requests, passes them to their routes, and turns results and errors into answers. */
export class Dispatcher {
  readonly #settings: HandlerSettings;
  readonly #trace: Trace | undefined;
  readonly #spans: { readonly request: (request: Request, context: object) => Promise<Response> };
  readonly #events: EventBroadcast | undefined;
  readonly #site: Site;
  readonly #inFlight = new Set<Promise<void>>();
  #closed = false;

  constructor(settings: HandlerSettings, { names, streams, toSite }: DispatcherParts) {
    const { tracer } = settings;
    this.#settings = settings;
    this.#trace = tracer?.trace({ table: names.join(",") });
    const calls = { request: (request: Request, context: object) => this.#anyAnswer(request, context) };
    this.#spans = this.#trace?.spans(calls) ?? calls;
    this.#events = streams.length === 0 ? undefined : new EventBroadcast({
      ...settings,
      streams,
      onFailure: (error) => this.#reportFailure("warn", "events lost", error),
    });
    this.#site = toSite(this.#events);
  }

  /** Answers any request. */
  async answer(request: Request, given: unknown): Promise<Response> {
    // Callers may pass other things as the second argument, as `map` passes an index.
    const context = typeof given === "object" && given !== null ? given : {};
    const { cors } = this.#settings;
    const answer = cors?.preflight(request) ?? await this.#spans.request(request, context);
    return cors?.apply(request, answer) ?? answer;
  }

  /** Refuses later requests, and waits for writes in flight. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#events?.close();
    await Promise.all(this.#inFlight);
  }

  async #anyAnswer(request: Request, context: object): Promise<Response> {
    try {
      return await this.#admit(request, context) ?? await this.#route(request, context);
    } catch (error) {
      return problemAnswer(this.#refusalOf(error));
    }
  }

  #refusalOf(error: unknown): Refusal {
    const refusal = error instanceof Refusal ? error : new Refusal(problemOf(error, NO_ANSWER), {}, error);
    const { status, code } = refusal.problem;
    if (status >= 500 && refusal.cause !== undefined) {
      this.#reportFailure(code === "fault" ? "error" : "warn", "request failed", refusal.cause);
    }
    return refusal;
  }

  /** Checks whether a request may pass: returns `undefined`, the answer of `authorize`, or throws a refusal. */
  async #admit(request: Request, context: object): Promise<Response | undefined> {
    const { maxUrlLength } = this.#settings;
    this.#assertOpen();
    if (request.url.length > maxUrlLength) {
      throw refuse(`A URL must have at most ${maxUrlLength} characters (maxUrlLength)`, 414);
    }
    const permit = await this.#permitOf(request, context);
    this.#assertOpen();
    if (permit === true) return undefined;
    // A copy, since the headers of a fetched response are immutable.
    if (isResponse(permit)) return new Response(permit.body, permit);
    throw forbidden(403);
  }

  /** Checks whether a part of a request would pass alone. */
  async #admitPart(request: Request, context: object): Promise<void> {
    const permit = await this.#permitOf(request, context);
    this.#assertOpen();
    if (permit !== true) throw forbidden(isResponse(permit) ? permit.status : 403);
  }

  /** Calls `authorize`. Its failure is not an error of the table, which was not called. */
  async #permitOf(request: Request, context: object): Promise<unknown> {
    const { authorize } = this.#settings;
    if (authorize === undefined) return true;
    try {
      return await authorize(request, context);
    } catch (error) {
      throw new Refusal({ ...problemOf(undefined, NO_ANSWER), effect: "none" }, {}, error);
    }
  }

  /** Checked again after each wait before the table is called: it may have been closed along with the handler. */
  #assertOpen(): void {
    if (this.#closed) throw refuseForNow("closed", "The table is not served any more", 1);
  }

  async #route(request: Request, context: object): Promise<Response> {
    const { method } = request;
    const url = new URL(request.url);
    const place = this.#placeAt(url.pathname);
    const allow = [...Object.keys(place), "HEAD", "OPTIONS"].join(", ");
    if (method === "OPTIONS") return noContent(204, { allow });
    const action = actionOf(place, method === "HEAD" ? "GET" : method);
    if (action === undefined) throw methodRefused(method, allow);
    checkEncoding(url.search);
    const answer = await action({
      request,
      params: url.searchParams,
      readRow: async () => writeIn(await this.#readBody(request), ["row"]).row,
      readPatch: async () => writeIn(await this.#readBody(request), ["row", "where"]),
      readBody: () => this.#readBody(request),
      admit: this.#settings.authorize && ((part) => this.#admitPart(part, context)),
      assertOpen: () => this.#assertOpen(),
      refusalOf: (error) => this.#refusalOf(error),
      finish: (work) => this.#finish(work, context),
    });
    return method === "HEAD" ? await withoutBody(answer) : answer;
  }

  async #readBody(request: Request): Promise<Json> {
    const body = await readJson(request, this.#settings.maxBodyBytes);
    this.#assertOpen();
    return body;
  }

  #placeAt(path: string): Place {
    const { base } = this.#settings;
    const place = path.startsWith(base) ? this.#site.placeAt(path.slice(base.length)) : undefined;
    if (place !== undefined) return place;
    // Not the code of a missing row, so that a client does not take a wrong address for one.
    throw new Refusal({
      ...badRequest("There is nothing at this path", 404),
      title: "Not found",
      code: "no_such_path",
    });
  }

  /** Makes `close()` and a worker wait for a write that has started. */
  #finish(work: Promise<unknown>, context: object): void {
    const done = work.then(() => {}, () => {}).finally(() => this.#inFlight.delete(done));
    this.#inFlight.add(done);
    // If `waitUntil` fails, the write may still succeed, so its answer does not change.
    keepAlive(context, done).catch((error: unknown) => this.#reportFailure("warn", "waitUntil failed", error));
  }

  #reportFailure(level: TraceLevel, name: string, error: unknown): void {
    this.#trace?.event({ target: "vantage_live::server", level, name, error });
  }
}

async function keepAlive(context: object, work: Promise<void>): Promise<void> {
  if ("waitUntil" in context && typeof context.waitUntil === "function") await context.waitUntil(work);
}

/** What is not permitted, with the status that `authorize` chose if that is a refusal. */
function forbidden(status: number): Refusal {
  const problem = badRequest("This request is not allowed", status >= 400 && status < 600 ? status : 403);
  return new Refusal({ ...problem, title: "Forbidden", code: "forbidden" });
}

/** Checks the shape, not the class: adapters for Node bring their own. */
function isResponse(permit: unknown): permit is Response {
  return typeof permit === "object" && permit !== null && "clone" in permit && "status" in permit;
}

function actionOf(place: Place, method: string): Action | undefined {
  return Object.hasOwn(place, method) ? place[method] : undefined;
}

function methodRefused(method: string, allow: string): Refusal {
  const detail = `${describe(method)} is not accepted here; accepted are ${allow}`;
  return new Refusal({ ...badRequest(detail, 405), title: "Not supported", code: "unsupported" }, { allow });
}

/** Malformed percent encoding would silently become another text. */
function checkEncoding(search: string): void {
  try {
    decodeURIComponent(search);
  } catch {
    throw refuse("The parameters of the URL are not encoded as UTF-8 with percent signs");
  }
}
