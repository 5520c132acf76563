/** A place in the write-ahead log, of 64 bits. */
export type Lsn = bigint;

/** Reads a place as PostgreSQL writes it: `16/B374D848`. */
export function lsnOf(text: string): Lsn {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** A place as PostgreSQL writes it. */
export function lsnText(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}
