import { type Problem, PROBLEM_TYPE } from "../wire/problem.ts";

/** Answers are data: a browser must not take them for anything else. */
const COMMON = { "x-content-type-options": "nosniff" };

/** What is thrown to answer a request with a problem. */
export class Refusal extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(problem.detail, { cause });
    this.problem = problem;
    this.headers = headers;
  }
}

/** An answer in JSON, which nobody may keep. */
export function json(content: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(content), {
    status,
    headers: { ...COMMON, "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** An answer in JSON that is there already, with what must be said of it. */
export function encodedJson(bytes: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>): Response {
  return new Response(bytes, { headers: { ...COMMON, "content-type": "application/json", ...headers } });
}

/** An answer of events. */
export function eventStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  const headers = {
    ...COMMON,
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    // Proxies that wait for more before they pass anything on, as nginx does, would hold events back.
    "x-accel-buffering": "no",
  };
  return new Response(body, { headers });
}

/** An answer without content. */
export function noContent(status: 204 | 304, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...COMMON, ...headers } });
}

/** A problem, told. */
export function problemAnswer({ problem, headers }: Refusal): Response {
  return json(problem, problem.status, { "content-type": PROBLEM_TYPE, ...headers });
}

/** The same answer for who asks with `HEAD`. */
export async function withoutBody({ body, status, headers }: Response): Promise<Response> {
  await body?.cancel();
  return new Response(null, { status, headers });
}
