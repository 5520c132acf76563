import assert from "node:assert/strict";
import { describe } from "node:test";
import { FakeClock } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { skippable } from "../skippable.ts";
import { LONG, ONLY_ON_DENO, type Runtime } from "./children.ts";
import { openOutbox, OutboxVictim } from "./outbox_victim.ts";

/** How many processes append at once; one of them is killed, the others go on. */
const VICTIMS = 2;
/** At which step a process is killed at the latest. */
const MAX_STEPS = 40;

describe("An outbox whose processes are killed while they append and mark", () => {
  for (
    const { name, kind, runtimes, kills } of [
      { name: "SqliteOutbox", kind: "sqlite", runtimes: ["deno", "node", "bun"], kills: LONG ? 300 : 8 },
      { name: "DenoKvOutbox", kind: "kv", runtimes: ["deno"], kills: LONG ? 200 : 5 },
    ] as const
  ) {
    const seed = newSeed();
    const title = `${name} holds every write whose append has answered, in order, and no half of a step`;
    skippable(`${title}: killed ${kills} times (seed ${seed})`, ONLY_ON_DENO, async () => {
      const path = newPath("outbox.db");
      const chance = new FakeClock({ seed });
      const next = (bound: number): number => Math.floor(chance.random() * bound);
      // Nobody outlives a test that fails.
      await using started = new AsyncDisposableStack();
      await using outbox = await openOutbox(kind, path);
      let starts = 0;
      const start = (): OutboxVictim => {
        const runtime: Runtime = runtimes[next(runtimes.length)] ?? "deno";
        return started.use(new OutboxVictim(runtime, { kind, path, queue: `q${++starts}` }));
      };
      const victims = Array.from({ length: VICTIMS }, start);
      const killed: OutboxVictim[] = [];
      const during = { append: 0, answer: 0, "something else": 0 };

      for (let kill = 0; kill < kills; kill++) {
        const at = next(VICTIMS);
        const victim = victims[at];
        if (victim === undefined) continue;
        during[await victim.kill(1 + next(MAX_STEPS))]++;
        assert.deepEqual(await victim.inspect(outbox), []);
        killed.push(victim);
        victims[at] = start();
      }
      // What a dead process has left stays, whatever others do.
      for (const victim of killed) assert.deepEqual(await victim.inspect(outbox), []);
      // Without these, nothing would have been tried.
      assert(during.append > 0, JSON.stringify(during));
      console.log(`${name}: killed ${kills} times, in ${JSON.stringify(during)}`);
    });
  }
});
