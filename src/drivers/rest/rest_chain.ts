import { InvalidAnswerError } from "../../table/errors.ts";
import { checkOrigin } from "./rest_next.ts";
import type { Pick, RestDraft } from "./rest_options.ts";
import { changing, Collected, type Part } from "./rest_part.ts";
import { signOfSize } from "./rest_signs.ts";

/**
 * The first `end` rows of a resource, whose answers each say what follows them. `place` is where the rows stand in one.
 *
 * @throws {InvalidAnswerError} if there is more than can be reached, or what is there changes meanwhile.
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

/** A part that says nothing of what follows, with the sign of its size if there is one. */
function withSizeSign(part: Part, rows: number, answers: number, place: Pick | undefined): Part {
  if (part.more !== undefined || part.total !== undefined) return part;
  const sign = signOfSize(part.answer, { rows, answers }, place);
  return sign === undefined ? part : { ...part, more: true, sign };
}

/** That nothing follows has to agree with all else that is known. */
function checkEnd({ answer: { what }, more, sign }: Part, { rows: { size }, total }: Collected, answers: number): void {
  if (total !== undefined && size > total) {
    throw changing(`${what} was answered with ${size} rows where there are ${total}, by its own count of ${total}`);
  }
  if (total !== undefined && size === total) return;
  if (total === undefined && more !== true) return;
  const told = total === undefined ? `more than ${size} rows, by its ${sign}` : `${total} rows, by its own count`;
  throw new InvalidAnswerError(
    `${what} was answered with ${size} rows where there are ${told}: how the others are reached is for next or paging`,
    // One answer that contradicts itself will do so again.
    { retriable: total !== undefined && answers > 1 },
  );
}

function checkNext({ answer }: Part, next: RestDraft, asked: ReadonlySet<string>): void {
  checkOrigin(next, answer);
  if (asked.has(placeOf(next))) {
    throw new InvalidAnswerError(`${answer.what} was answered with a next page that was there before`);
  }
}

/** What tells two requests of a chain apart. */
function placeOf({ url, headers, body }: RestDraft): string {
  return JSON.stringify([url.href, [...headers], typeof body === "bigint" ? String(body) : body]);
}
