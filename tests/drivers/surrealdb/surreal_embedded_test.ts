import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe } from "node:test";
import { WITHOUT_SURREAL } from "../../databases/surreal_server.ts";
import { skippable } from "../../skippable.ts";

const CHILD = fileURLToPath(new URL("surreal_embedded_child.ts", import.meta.url));
const RUN: readonly string[] = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];

/** Does a task in a process of the same runtime; it prints what was wrong. */
async function inChild(url: string, task: string): Promise<void> {
  const child = spawn(process.execPath, [...RUN, CHILD, url, task], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    ended.then(() => ['["it ended"]']),
  ]);
  child.kill("SIGKILL");
  await ended;
  assert.deepEqual(JSON.parse(line), []);
}

describe("SurrealDB embedded in a process", () => {
  skippable(
    "SurrealTable keeps the promises of TableLike",
    WITHOUT_SURREAL,
    () => inChild("mem://", "keep the promises"),
  );

  skippable("SurrealLiveStream hears of changes", WITHOUT_SURREAL, () => inChild("mem://", "hear of a change"));

  skippable("SurrealTable finds in a folder what another process has written", WITHOUT_SURREAL, async () => {
    const folder = mkdtempSync(join(tmpdir(), "vantage-surreal-"));
    try {
      await inChild(`surrealkv://${folder}/shop`, "write");
      await inChild(`surrealkv://${folder}/shop`, "read");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
