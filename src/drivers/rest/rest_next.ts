import { InvalidAnswerError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { RestDraft, RestNext } from "./rest_options.ts";
import { pick, reading } from "./rest_pick.ts";

/** A link in a `Link` header, with its attributes. */
const LINK = /<([^>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))?)*)/g;
/** One attribute: its name and its value, quoted or not. */
const ATTRIBUTE = /;\s*([\w*-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?/g;

/** The next request after an answer. */
export interface Following {
  /** `undefined` if nothing follows, or the answer does not say. */
  readonly draft: RestDraft | undefined;
  /** Whether the answer says if anything follows. */
  readonly isKnown: boolean;
}

/**
 * The next request after an answer, by the options or else by the `Link` header.
 *
 * @throws {InvalidAnswerError} if the next page is not a URL.
 */
export function following(draft: RestDraft, answer: RestAnswer<Value>, next: RestNext | undefined): Following {
  const copy: RestDraft = { ...draft, url: new URL(draft.url), headers: new Headers(draft.headers) };
  if (typeof next === "function") {
    const isMore = reading(answer, () => next(copy, answer));
    return { draft: isMore ? copy : undefined, isKnown: true };
  }
  const where = next ?? LINK_HEADER;
  const found = pick(where, answer);
  const isLink = typeof where === "object" && where.header.toLowerCase() === "link";
  const target = isLink && typeof found === "string" ? nextLink(found) : found;
  if (target === undefined || target === null || target === "" || target === false) {
    return { draft: undefined, isKnown: next !== undefined || found !== undefined };
  }
  if (typeof target !== "string" || !URL.canParse(target, answer.url)) {
    throw new InvalidAnswerError(
      `${answer.what} was answered with a next page at ${describe(target)}, which is not a URL`,
    );
  }
  return { draft: { ...copy, url: new URL(target, answer.url) }, isKnown: true };
}

const LINK_HEADER = { header: "Link" };

function nextLink(header: string): string | undefined {
  for (const [, target, attributes = ""] of header.matchAll(LINK)) {
    if (isNext(attributes)) return target;
  }
  return undefined;
}

/** Whether the attributes have `rel="next"`, possibly among other relations. */
function isNext(attributes: string): boolean {
  for (const [, name = "", quoted, plain = ""] of attributes.matchAll(ATTRIBUTE)) {
    if (name.toLowerCase() === "rel") return (quoted ?? plain).toLowerCase().split(/\s+/).includes("next");
  }
  return false;
}

/**
 * Refuses a next page at another origin, since headers with tokens must not be sent there.
 *
 * @throws {InvalidAnswerError} that names the origin.
 */
export function checkOrigin(draft: RestDraft, { what, url }: RestAnswer<Value>): void {
  draft.url.hash = "";
  if (draft.url.origin === url.origin && draft.url.username === "" && draft.url.password === "") return;
  throw new InvalidAnswerError(
    `${what} was answered with a next page at ${draft.url.origin}: headers are not sent to another origin`,
  );
}
