import { InvalidAnswerError } from "../../table/errors.ts";
import { checkOrigin } from "./rest_next.ts";
import type { Pick, RestDraft } from "./rest_options.ts";
import { changing, Collected, type Part } from "./rest_part.ts";
import { signOfSize } from "./rest_signs.ts";

/**
 * The first `end` rows of a resource where each answer names the next one. `place` is where an answer holds its rows.
 *
 * @throws {InvalidAnswerError} if there are rows that cannot be reached, or the data changes while it is read.
 */
export async function readChain(
  first: RestDraft,
  end: number,
  place: Pick | undefined,
  ask: (draft: RestDraft) => Promise<Part>,
): Promise<Collected> {
  const collected = new Collected();
  const asked = new Set<string>();
  for (let draft: RestDraft | undefined = first; draft !== undefined;) {
    const part: Part = await ask(draft);
    asked.add(placeOf(draft));
    collected.add(part);
    if (collected.rows.size >= end) return collected;
    draft = part.next;
    if (draft === undefined) {
      checkEnd(withSizeSign(part, collected.rows.size, asked.size, place), collected, asked.size);
    } else checkNext(part, draft, asked);
  }
  return collected;
}

/** A part that does not say whether more follow, completed by a sign of its size if there is one. */
function withSizeSign(part: Part, rows: number, answers: number, place: Pick | undefined): Part {
  if (part.more !== undefined || part.total !== undefined) return part;
  const sign = signOfSize(part.answer, { rows, answers }, place);
  return sign === undefined ? part : { ...part, more: true, sign };
}

/** The end of the chain must agree with everything else that the answers said. */
function checkEnd({ answer: { what }, more, sign }: Part, { rows: { size }, total }: Collected, answers: number): void {
  if (total !== undefined && size > total) {
    throw changing(`${what} was answered with ${size} rows where there are ${total}, by its own count of ${total}`);
  }
  if (total !== undefined && size === total) return;
  if (total === undefined && more !== true) return;
  const claimed = total === undefined ? `more than ${size} rows, by its ${sign}` : `${total} rows, by its own count`;
  throw new InvalidAnswerError(
    `${what} was answered with ${size} rows where there are ${claimed}: set next or paging so that the others can be read`,
    // A single answer that contradicts itself will do so again.
    { retriable: total !== undefined && answers > 1 },
  );
}

function checkNext({ answer }: Part, next: RestDraft, asked: ReadonlySet<string>): void {
  checkOrigin(next, answer);
  if (asked.has(placeOf(next))) {
    throw new InvalidAnswerError(`${answer.what} was answered with a next page that was already read`);
  }
}

/** Identifies a request of a chain. */
function placeOf({ url, headers, body }: RestDraft): string {
  return JSON.stringify([url.href, [...headers], typeof body === "bigint" ? String(body) : body]);
}
