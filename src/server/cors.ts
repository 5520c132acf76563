import { describe } from "../table/row.ts";
import { wholeNumber } from "../table/whole_number.ts";

/** Which pages of other origins may ask, as CORS has it. */
export interface Cors {
  /** The origins, each as a browser sends it (`"https://shop.example"`), or `"*"` for any. */
  readonly origins: readonly string[] | "*";
  /** Whether they may send cookies and the like; default `false`. Not with `"*"`. */
  readonly credentials?: boolean | undefined;
  /** Headers of requests that are allowed besides those of a `RestTable` and an `SseLiveStream`, as an API key's. */
  readonly headers?: readonly string[] | undefined;
  /** How long a browser may remember what is allowed, in seconds; default 600. */
  readonly maxAgeS?: number | undefined;
}

const ALLOWED_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"];
/** What RFC 9110 lets a header be named. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const EXPOSED_HEADERS = "ETag, Retry-After";

/** Tells browsers what pages of other origins may do. */
export class CorsPolicy {
  readonly #origins: readonly string[] | "*";
  readonly #credentials: boolean;
  readonly #maxAgeS: number;
  readonly #methods: string;
  readonly #headers: string;

  /**
   * A policy.
   *
   * @throws {TypeError} if an origin or a header is none, or credentials are allowed to any.
   * @throws {RangeError} if `maxAgeS` is not a whole number.
   */
  constructor({ origins, credentials = false, headers = [], maxAgeS = 600 }: Cors, writable: boolean) {
    if (origins === "*" && credentials) throw new TypeError(`cors cannot allow credentials to origins "*": name them`);
    for (const origin of origins === "*" ? [] : origins) {
      if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
      throw new TypeError(`An origin must be like "https://shop.example", got ${describe(origin)}`);
    }
    for (const header of headers) {
      if (!TOKEN.test(header)) throw new TypeError(`A header must be like "X-Api-Key", got ${describe(header)}`);
    }
    this.#origins = origins;
    this.#headers = [...ALLOWED_HEADERS, ...headers].join(", ");
    this.#credentials = credentials;
    this.#maxAgeS = wholeNumber("maxAgeS", maxAgeS, 0);
    this.#methods = writable ? "GET, HEAD, POST, PUT, PATCH, DELETE" : "GET, HEAD";
  }

  /** The answer to a preflight; `undefined` if the request is none. */
  preflight({ method, headers }: Request): Response | undefined {
    if (method !== "OPTIONS" || !headers.has("origin") || !headers.has("access-control-request-method")) {
      return undefined;
    }
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": this.#methods,
        "access-control-allow-headers": this.#headers,
        "access-control-max-age": String(this.#maxAgeS),
      },
    });
  }

  /** Adds to an answer whether a page of the request's origin may read it. */
  apply({ headers }: Request, answer: Response): Response {
    const allowed = this.#origins === "*" ? "*" : this.#listed(headers.get("origin"));
    if (this.#origins !== "*") answer.headers.append("vary", "Origin");
    if (allowed === undefined) return answer;
    answer.headers.set("access-control-allow-origin", allowed);
    answer.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
    if (this.#credentials) answer.headers.set("access-control-allow-credentials", "true");
    return answer;
  }

  #listed(origin: string | null): string | undefined {
    return origin !== null && this.#origins.includes(origin) ? origin : undefined;
  }
}
