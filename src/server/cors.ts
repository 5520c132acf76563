import { checkOptions } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { methodsOf } from "./routes.ts";

/** Which pages of other origins may use the handler, through CORS. */
export interface Cors {
  /**
   * The origins, each exactly as a browser sends it, or `"*"` for any: `"https://shop.example"`, `"tauri://localhost"`,
   * `"capacitor://localhost"`, `"chrome-extension://<id>"`. `"null"` is sent by pages without an origin, such as files
   * and sandboxed frames. Any page can create such a frame, so it is refused with credentials.
   */
  readonly origins: readonly string[] | "*";
  /** Whether they may send credentials, such as cookies; default `false`. Not with `"*"`. */
  readonly credentials?: boolean | undefined;
  /**
   * Request headers to allow in addition to those of a `RestTable` and an `SseLiveStream`, such as that of an API key.
   */
  readonly headers?: readonly string[] | undefined;
  /** How long browsers may cache the answer to a preflight, in seconds; default 600. */
  readonly maxAgeS?: number | undefined;
}

const ALLOWED_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"];
/** The schemes whose origins `URL` can check. Others (of apps and extensions) are accepted as they are. */
const WEB = /^(?:https?|wss?|ftp):/i;
/** A scheme and a host, with nothing after them. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/;
/** The origin of pages without one. */
const ANONYMOUS = "null";
/** A header name as in RFC 9110. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const EXPOSED_HEADERS = "ETag, Retry-After";

/** Answers preflights, and adds CORS headers to answers. */
export class CorsPolicy {
  readonly #origins: readonly string[] | "*";
  readonly #credentials: boolean;
  readonly #maxAgeS: number;
  readonly #methods: string;
  readonly #headers: string;

  /**
   * Creates a policy.
   *
   * @throws {TypeError} if an origin or a header is invalid, or credentials are allowed to any origin.
   * @throws {RangeError} if `maxAgeS` is not a whole number.
   */
  constructor(cors: Cors, writes: ReadonlySet<WriteVerb>) {
    checkOptions("cors", cors, ["origins", "credentials", "headers", "maxAgeS"]);
    const { origins, credentials = false, headers = [], maxAgeS = 600 } = cors;
    if (origins !== "*" && !Array.isArray(origins)) {
      throw new TypeError(`cors.origins must be "*" or a list of origins, got ${describe(origins)}`);
    }
    for (const origin of origins === "*" ? [] : origins) {
      if (isOrigin(origin)) continue;
      throw new TypeError(
        `An origin must be like "https://shop.example" or "tauri://localhost", got ${describe(origin)}`,
      );
    }
    const anyOrigin = origins === "*" ? "*" : origins.find((origin) => origin === ANONYMOUS);
    if (credentials && anyOrigin !== undefined) {
      throw new TypeError(`cors cannot allow credentials to origins ${describe(anyOrigin)}: name them`);
    }
    for (const header of headers) {
      if (!TOKEN.test(header)) throw new TypeError(`A header must be like "X-Api-Key", got ${describe(header)}`);
    }
    this.#origins = origins;
    this.#headers = [...ALLOWED_HEADERS, ...headers].join(", ");
    this.#credentials = credentials;
    this.#maxAgeS = wholeNumber("maxAgeS", maxAgeS, 0);
    this.#methods = ["GET", "HEAD", ...methodsOf(writes)].join(", ");
  }

  /** The answer to a preflight; `undefined` for any other request. */
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

  /** Adds headers that say whether a page of the request's origin may read the answer. */
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

function isOrigin(origin: unknown): boolean {
  if (typeof origin !== "string") return false;
  if (WEB.test(origin)) return URL.canParse(origin) && new URL(origin).origin === origin;
  return origin === ANONYMOUS || ORIGIN.test(origin);
}
