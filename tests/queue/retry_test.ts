import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "@vantage/live/testing";
import { type RetryOptions, retryPolicy } from "../../src/queue/retry.ts";

describe("retryPolicy()", () => {
  it("answers with a pause after however many attempts", () => {
    const options: readonly RetryOptions[] = [
      { firstPauseMs: 0 },
      { firstPauseMs: 1 },
      { firstPauseMs: 0, longestPauseMs: Infinity },
      { firstPauseMs: 1, longestPauseMs: Infinity },
      { longestPauseMs: 0 },
    ];
    for (const each of options) {
      const policy = retryPolicy({ attempts: Infinity, forMs: Infinity, ...each }, new FakeClock());
      for (const attempts of [1, 2, 50, 1_023, 1_024, 1_025, 1_026, 5_000, 1e9]) {
        const pauseMs = policy({ error: undefined, attempts, sinceMs: 1e12 });
        assert(Number.isFinite(pauseMs), `${JSON.stringify(each)}: ${pauseMs} after ${attempts}`);
      }
    }
  });
});
