/** How often time is counted. */
const TICK_MS = 20;

/** Calls `onMs` with the time since now, as this process lives it: what holds up the whole machine does not count. */
export function countTime(onMs: (ms: number) => void): () => void {
  let ms = 0;
  const timer = setInterval(() => onMs(ms += TICK_MS), TICK_MS);
  return () => clearInterval(timer);
}
