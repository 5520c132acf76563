import { describe } from "node:test";
import assert from "node:assert/strict";
import { serve } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { type Child, ONLY_ON_DENO, type Runtime, startChild } from "./children.ts";
import type { DoneArgument } from "./done_child.ts";

const RUNTIMES: readonly Runtime[] = ["deno", "node", "bun"];

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const served = await serve(() => new Response());
  await served.close();
  return Number(new URL(served.url).port);
}

async function nextLine({ lines }: Child): Promise<unknown> {
  const { done, value } = await lines.next();
  return done ? "the end" : value;
}

function start(runtime: Runtime, port: number, reads: DoneArgument["reads"]): Child {
  return startChild(runtime, "done_child.ts", { url: `http://127.0.0.1:${port}/`, reads } satisfies DoneArgument);
}

describe("A process that listens to a server that is not there", () => {
  for (const runtime of RUNTIMES) {
    skippable(`ends by itself in ${runtime} if only a LiveTable waits for it`, ONLY_ON_DENO, async () => {
      await using child = start(runtime, await freePort(), "nothing");
      assert.equal(await child.ended, 0);
    });

    for (const reads of ["the stream", "the table's events"] as const) {
      skippable(`waits in ${runtime} if somebody reads ${reads}, and hears of the server`, ONLY_ON_DENO, async () => {
        const port = await freePort();
        await using child = start(runtime, port, reads);
        for (let lost = 0; lost < 3;) if (await nextLine(child) === "lost") lost++;
        const event = new TextEncoder().encode(": there\n\n");
        const served = await serve(() =>
          new Response(
            new ReadableStream({ start: (controller) => controller.enqueue(event) }),
            { headers: { "content-type": "text/event-stream" } },
          ), { port });
        let line = await nextLine(child);
        while (line !== "heard changed" && line !== "the end") line = await nextLine(child);
        assert.equal(line, "heard changed");
        assert.equal(await child.ended, 0);
        await served.close();
      });
    }
  }
});
