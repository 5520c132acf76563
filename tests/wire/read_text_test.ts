import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readText } from "../../src/wire/read_text.ts";

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

describe("readText()", () => {
  it("strips one byte order mark at the begin, and none elsewhere, wherever the bytes are cut", async () => {
    const text = "\uFEFFa\uFEFF\uFEFFé\uFEFF";
    const bytes = new TextEncoder().encode(`\uFEFF${text}`);
    for (let place = 0; place <= bytes.length; place++) {
      for (
        const chunks of [
          [bytes.slice(0, place), bytes.slice(place)],
          [...bytes].map((byte) => Uint8Array.of(byte)),
        ]
      ) {
        assert.equal(await readText(bodyOf(chunks), 1_000, (trouble) => new Error(trouble)), text, `cut at ${place}`);
      }
    }
  });
});
