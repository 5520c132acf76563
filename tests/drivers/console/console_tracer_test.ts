import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable, type TraceFields, type TraceLevel } from "@vantage/live";
import { ConsoleTracer } from "@vantage/live/console";
import { FakeClock } from "@vantage/live/testing";
import type { TraceRecord } from "@vantage/live/trace";
import { BAKERY } from "../../live/fixture.ts";

describe("ConsoleTracer", () => {
  function lines(filter: string | undefined, run: (tracer: ConsoleTracer) => void): string[] {
    const written: string[] = [];
    run(new ConsoleTracer({ filter, write: (line) => written.push(line), clock: new FakeClock() }));
    return written;
  }

  const record = (target: TraceRecord["target"], level: TraceLevel, fields: TraceFields = {}): TraceRecord => ({
    target,
    level,
    name: "did it",
    fields,
  });

  it("prints the time, level, target, name and facts, quoting what is not plain", () => {
    const written = lines(
      "trace",
      (tracer) =>
        tracer.event(
          record("vantage_live::read", "warn", { key: "a/b", text: 'say "hi"\n\u001b[31m', n: 5, none: undefined }),
        ),
    );
    assert.deepEqual(written, [
      '1970-01-01T00:00:00.000Z  WARN vantage_live::read did it key=a/b text="say \\"hi\\"\\n\\u001b[31m" n=5',
    ]);
  });

  it("prints nothing that steers a terminal or turns text around", () => {
    const written = lines(
      "trace",
      (tracer) => tracer.event(record("vantage_live::read", "warn", { id: "\u009b2J\u202e\u2028\u007f\u200f" })),
    );
    assert.match(written[0] ?? "", /^[\x20-\x7e]+$/);
    assert(written[0]?.endsWith('id="\\u{9b}2J\\u{202e}\\u{2028}\\u{7f}\\u{200f}"'));
  });

  it("prints a span when it ends, with the milliseconds it took", async () => {
    const clock = new FakeClock();
    const written: string[] = [];
    const tracer = new ConsoleTracer({ filter: "debug", write: (line) => written.push(line), clock });
    const span = tracer.span(record("vantage_live::read", "debug", { id: "a" }));
    await clock.advance(7);
    span.end({ outcome: "hit" });
    assert.deepEqual(written, ["1970-01-01T00:00:00.007Z DEBUG vantage_live::read did it id=a outcome=hit ms=7"]);
  });

  it("lets through what the longest fitting target says", () => {
    const passes = (filter: string | undefined, target: TraceRecord["target"], level: TraceLevel): boolean =>
      new ConsoleTracer({ filter }).enabled(target, level);
    assert(passes(undefined, "vantage_live::read", "debug"));
    assert(!passes(undefined, "vantage_live::read", "trace"));
    assert(passes("vantage_live=trace", "vantage_live::cache", "trace"));
    assert(!passes("warn,vantage_live::cache=trace", "vantage_live::read", "debug"));
    assert(passes("warn,vantage_live::cache=trace", "vantage_live::cache", "trace"));
    assert(!passes("trace, vantage_live::cache=off", "vantage_live::cache", "error"));
    assert(!passes("vantage=trace", "vantage_live::cache", "error"), "a target is a path, not a prefix of letters");
    assert(!passes("", "vantage_live::read", "error"));
  });

  it("names a filter that it cannot read", () => {
    for (const filter of ["loud", "vantage_live=loud", "a=b=c"]) {
      assert.throws(() => new ConsoleTracer({ filter }), {
        name: "TypeError",
        message: /accepted are a level \(error, warn/,
      });
    }
  });

  it("shows the work of a live table", async () => {
    const written: string[] = [];
    const tracer = new ConsoleTracer({ filter: "vantage_live=trace", write: (line) => written.push(line) });
    await using table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new MemCache(), { tracer });
    await table.patchValue("a", { price: 3 });
    assert(written.some((line) => line.includes('row="{\\"price\\":3}"')));
  });
});
