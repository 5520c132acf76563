import { InvalidAnswerError } from "../../table/errors.ts";
import type { Row, Value } from "../../table/row.ts";
import type { Rows } from "../../table/rows.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { RestDraft } from "./rest_options.ts";

/** One answer to a list: all requested rows, or some of them. */
export interface Part {
  readonly answer: RestAnswer<Value>;
  readonly rows: Rows;
  /** How many rows the set has, if the answer says so. */
  readonly total: number | undefined;
  /** Whether more rows follow, if the answer says so. */
  readonly more: boolean | undefined;
  /** What in the answer says so, for error messages. */
  readonly sign: string | undefined;
  /** The request for the next part, if the answer has one. */
  readonly next: RestDraft | undefined;
  /** Whether the answer says that the page does not exist. */
  readonly isBeyond: boolean;
}

/**
 * The rows of several parts, in order of arrival. Checks that no row occurs twice and that all parts agree on the
 * total.
 */
export class Collected {
  readonly rows: Map<string, Row> = new Map();
  #what: string | undefined;
  #total: number | undefined;

  /** What was asked first, for error messages. */
  get what(): string {
    return this.#what ?? "A list";
  }

  /** How many rows the set has, if any part said so. */
  get total(): number | undefined {
    return this.#total;
  }

  /**
   * Adds the rows of one more part.
   *
   * @throws {InvalidAnswerError} if a row moved from one part to another, or the total changed; it is retriable.
   */
  add({ answer: { what }, rows, total }: Part): void {
    if (total !== undefined && this.#total !== undefined && total !== this.#total) {
      throw changing(`${what} counted ${total} rows, and ${this.#total} on an earlier page`);
    }
    this.#what ??= what;
    this.#total = total ?? this.#total;
    for (const [id, row] of rows) {
      if (this.rows.has(id)) throw changing(`${what} was answered with row "${id}", which was on an earlier page, too`);
      this.rows.set(id, row);
    }
  }
}

/** The error for data that changes while its pages are read. It is retriable: the next read may see a stable state. */
export function changing(message: string): InvalidAnswerError {
  return new InvalidAnswerError(message, { retriable: true });
}
