import { InvalidAnswerError } from "../../table/errors.ts";
import type { Row, Value } from "../../table/row.ts";
import type { Rows } from "../../table/rows.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { RestDraft } from "./rest_options.ts";

/** What one answer to a list holds: all rows that were asked for, or a part of them. */
export interface Part {
  readonly answer: RestAnswer<Value>;
  readonly rows: Rows;
  /** How many rows there are in the set, if it says so. */
  readonly total: number | undefined;
  /** Whether rows follow these, if it says so. */
  readonly more: boolean | undefined;
  /** What says so, for messages. */
  readonly sign: string | undefined;
  /** The request for what follows, if it says so. */
  readonly next: RestDraft | undefined;
  /** Whether it says that the page does not exist, in place of rows. */
  readonly isBeyond: boolean;
}

/** The rows of several parts, in the order in which they came. Each row is one row, and the set has one size. */
export class Collected {
  readonly rows: Map<string, Row> = new Map();
  #what: string | undefined;
  #total: number | undefined;

  /** What was asked first, for messages. */
  get what(): string {
    return this.#what ?? "A list";
  }

  /** How many rows there are in the set, as far as any part said so. */
  get total(): number | undefined {
    return this.#total;
  }

  /**
   * Takes the rows of one more part.
   *
   * @throws {InvalidAnswerError} that is retriable if rows moved from one part into the other, or their number changed.
   */
  add({ answer: { what }, rows, total }: Part): void {
    if (total !== undefined && this.#total !== undefined && total !== this.#total) {
      throw changing(`${what} counted ${total} rows, and ${this.#total} a page before`);
    }
    this.#what ??= what;
    this.#total = total ?? this.#total;
    for (const [id, row] of rows) {
      if (this.rows.has(id)) throw changing(`${what} was answered with row "${id}", which was on a page before, too`);
      this.rows.set(id, row);
    }
  }
}

/** What comes of data that changes while its pages are read: the next time it may be right. */
export function changing(message: string): InvalidAnswerError {
  return new InvalidAnswerError(message, { retriable: true });
}
