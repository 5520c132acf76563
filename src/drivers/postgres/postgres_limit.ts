import type { Clock } from "../../base/clock.ts";
import { withOwnSignal } from "../../base/own_signal.ts";
import { UnavailableError } from "../../table/errors.ts";

/** How long work may take. */
export interface Limit {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** What the error says if it takes longer. */
  readonly late: string;
}

/**
 * Settles like work that is begun, unless the time is over or the signal aborted first. The work itself goes on.
 *
 * @throws {UnavailableError} if the time is over.
 */
export async function limited<T>(begin: () => Promise<T>, { ms, signal, clock, late }: Limit): Promise<T> {
  return await withOwnSignal(signal, async (own) => {
    // A client that is waited for keeps the process alive by itself.
    const over = clock.wait(ms, { signal: own, background: true }).then(() => {
      throw new UnavailableError(`${late} within ${ms} ms`);
    });
    over.catch(() => {});
    return await Promise.race([begin(), over]);
  });
}
