import { RestTable, type RestTableOptions } from "@vantage/live/rest";

/** A request as a server would see it. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The JSON that was sent, if any was. */
  readonly body: unknown;
  /** As `fetch` was told. */
  readonly init: RequestInit;
}

/** What is answered, or what comes of the request; an error if `fetch` fails. */
export type Answer = Response | Error | ((asked: Asked) => Response | Promise<Response>);

/** A `fetch` that gives the answers that it was made with, one after the other, and keeps what it was asked. */
export interface ScriptedFetch {
  readonly fetch: typeof fetch;
  readonly asked: Asked[];
}

/** A `fetch` for these answers. A request beyond the last fails, as if nobody was there. */
export function scripted(...answers: Answer[]): ScriptedFetch {
  const asked: Asked[] = [];
  const left = [...answers];
  const send = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const { body = null, method = "GET", headers } = init;
    const request: Asked = {
      method,
      url: String(input),
      headers: new Headers(headers),
      body: typeof body === "string" ? JSON.parse(body) : undefined,
      init,
    };
    asked.push(request);
    const answer = left.shift() ?? new TypeError("nobody is there");
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer : await answer(request);
  };
  return { fetch: send, asked };
}

/** Where the tables of these tests are. */
export const URL_OF_TABLE = "https://example.com/api/products";

/** A table over scripted answers, and what it asks. */
export function scriptedTable(
  options: RestTableOptions,
  ...answers: Answer[]
): { readonly table: RestTable; readonly asked: Asked[] } {
  const { fetch, asked } = scripted(...answers);
  return { table: new RestTable(URL_OF_TABLE, { fetch, ...options }), asked };
}

/** An answer in JSON. */
export function json(body: unknown, init?: ResponseInit): Response {
  return Response.json(body, init);
}

/** An answer without content. */
export function nothing(status = 204, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}
