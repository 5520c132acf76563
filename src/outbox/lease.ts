/** The right to send the writes of a queue. */
export interface Lease {
  readonly term: number;
  readonly holder: string;
  /** When it ends, in milliseconds since the epoch. */
  readonly until: number;
  /** How long it was taken for. */
  readonly forMs: number;
}

/** What a holder asks for. */
export type LeaseRequest = Pick<Lease, "holder" | "forMs"> & { readonly now: number };

/** The lease after a request: a new one has the term `nextTerm`. `undefined` while another holder has it. */
export function leaseAfter(
  current: Lease | undefined,
  { holder, now, forMs }: LeaseRequest,
  nextTerm: number,
): Lease | undefined {
  const isOwn = current?.holder === holder;
  if (current !== undefined && !isOwn && !hasEnded(current, now)) return undefined;
  return { term: isOwn ? current.term : nextTerm, holder, until: now + forMs, forMs };
}

/** A lease that ends later than two lasts from now was taken under a clock that has been set back since. */
function hasEnded({ until, forMs }: Lease, now: number): boolean {
  return until <= now || until > now + 2 * forMs;
}
