import type { TraceRecord, TraceSink } from "@vantage/live/trace";

/** Keeps every event that a cache traces. */
export class Recorder implements TraceSink {
  readonly told: TraceRecord[] = [];
  enabled(): boolean {
    return true;
  }
  span(): { end: () => void } {
    return { end: () => {} };
  }
  event(record: TraceRecord): void {
    this.told.push(record);
  }
}
