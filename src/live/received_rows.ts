import { sameRow } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { ReadRequest } from "./read_request.ts";

/** How many keys are remembered. */
const MAX_KEYS = 256;
/** How many rows are remembered, over all keys. */
const MAX_ROWS = 20_000;

interface Received {
  readonly request: ReadRequest;
  readonly rows: Rows;
}

/** The rows that were last received under each key, from the master or from a cache, within bounds. */
export class ReceivedRows {
  /** The key received longest ago first. */
  readonly #received = new Map<string, Received>();
  #size = 0;

  /** Remembers all rows received for a request, and returns how many of them were the same there before. */
  receive(request: ReadRequest, rows: Rows): number {
    const before = this.#received.get(request.key)?.rows;
    this.remember(request, rows);
    return before === undefined ? 0 : countSame(before, rows);
  }

  /** The same for some of the rows; the others stay. */
  receiveSome(request: ReadRequest, rows: Rows): number {
    const before = this.#received.get(request.key)?.rows;
    if (before === undefined) return 0;
    this.remember(request, rowsOf(new Map([...before, ...rows])));
    return countSame(before, rows);
  }

  /** Remembers all rows received for a request. */
  remember(request: ReadRequest, rows: Rows): void {
    this.#forget(request.key);
    this.#received.set(request.key, { request, rows });
    this.#size += rows.size;
    for (const oldest of this.#received.keys()) {
      if (this.#received.size <= MAX_KEYS && this.#size <= MAX_ROWS) break;
      this.#forget(oldest);
    }
  }

  /** Whether the rows of a key are remembered. */
  has(key: string): boolean {
    return this.#received.has(key);
  }

  /** The requests for which a row was received, the last one first. */
  requestsOf(id: string): ReadRequest[] {
    const requests: ReadRequest[] = [];
    for (const { request, rows } of this.#received.values()) if (rows.has(id)) requests.push(request);
    return requests.reverse();
  }

  #forget(key: string): void {
    this.#size -= this.#received.get(key)?.rows.size ?? 0;
    this.#received.delete(key);
  }
}

function countSame(before: Rows, rows: Rows): number {
  let count = 0;
  const others = before.entries();
  for (const [id, row] of rows) {
    // Usually they are in the same order, and no index of the ids is needed.
    const [otherId, other] = others.next().value ?? [];
    const known = otherId === id ? other : before.get(id);
    if (known !== undefined && sameRow(known, row)) count++;
  }
  return count;
}
