import type { Clock } from "./clock.ts";

/** A UUID of version 7 (RFC 9562): ids that are made later are greater, as far as the clock goes. */
export function newId(clock: Clock): string {
  const time = hex(Math.max(0, Math.floor(clock.now())), 12).slice(-12);
  const draw = (bits: number): number => Math.floor(clock.random() * 2 ** bits);
  const [a, b, c, d] = [draw(12), draw(14), draw(24), draw(24)];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(a, 3)}-${hex(0x8000 | b, 4)}-${hex(c, 6)}${hex(d, 6)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
