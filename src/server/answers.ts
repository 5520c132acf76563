import { type Problem, PROBLEM_TYPE } from "../wire/problem.ts";

/** Answers are data: browsers must not interpret them as anything else. */
const COMMON = { "x-content-type-options": "nosniff" };

/** Thrown to answer a request with a problem. */
export class Refusal extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(problem.detail, { cause });
    this.problem = problem;
    this.headers = headers;
  }
}

/** A JSON answer that must not be cached. */
export function json(content: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(content), {
    status,
    headers: { ...COMMON, "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** A JSON answer from encoded bytes, with the given headers. */
export function encodedJson(bytes: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>): Response {
  return new Response(bytes, { headers: { ...COMMON, "content-type": "application/json", ...headers } });
}

/** An answer with a stream of events. */
export function eventStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  const headers = {
    ...COMMON,
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    // Without it, proxies like nginx buffer events before they pass them on.
    "x-accel-buffering": "no",
  };
  return new Response(body, { headers });
}

/** An answer without content. */
export function noContent(status: 204 | 304, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...COMMON, ...headers } });
}

/** An answer with the problem of a refusal. */
export function problemAnswer({ problem, headers }: Refusal): Response {
  return json(problem, problem.status, { "content-type": PROBLEM_TYPE, ...headers });
}

/** The same answer for a `HEAD` request. */
export async function withoutBody({ body, status, headers }: Response): Promise<Response> {
  await body?.cancel();
  return new Response(null, { status, headers });
}
