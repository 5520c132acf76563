/** A page with the inspector of a table that has lived a little: hits, a change, a drop, a gap, and a write that waits. */
import { LiveTable, ManualLiveStream, MemCache, MemTable, UnavailableError } from "@vantage/live";
import { defineInspector, type InspectorElement, Recorder } from "@vantage/live/inspector";
import { FaultyTable } from "@vantage/live/testing";

/** An id that is a program where texts become HTML. */
const HOSTILE = "<img src=x onerror='globalThis.broken = true'><script>globalThis.broken = true</script>\u202e";

const master = new FaultyTable(new MemTable("products", { rows: [["a", { price: 2 }], [HOSTILE, { price: 1 }]] }));
const recorder = new Recorder();
const liveStream = new ManualLiveStream();
const table = new LiveTable(master, "products", new MemCache(), {
  tracer: recorder,
  liveStream,
  retry: () => 3_600_000,
});
recorder.attach({ [`products ${HOSTILE}`]: table });

await table.listValues();
await table.listValues();
await table.patchValue("a", { price: 3 });
await table.listValues();
await table.getValue(HOSTILE);
liveStream.disconnect();
await table.invalidate();
await table.listValues();
master.plan.fail("patchValue", new UnavailableError("postgres://me:hunter2@host", { effect: "none" }));
const write = table.enqueue({ kind: "patch", id: HOSTILE, partial: { price: 9 } }, { idempotencyKey: HOSTILE });
await write.when("sent");

/** How often the element has asked for something to draw. */
const asked = { times: 0 };
const element = document.querySelector<HTMLElement & InspectorElement>("vantage-inspector");
if (element === null) throw new TypeError("There is no inspector on the page");
// Set before the element is defined, as a page may.
element.source = {
  inspect: () => {
    asked.times++;
    return recorder.inspect();
  },
};
defineInspector();
defineInspector();

/** What can be read in it, once it shows the write that waits. */
async function look(): Promise<string> {
  for (;;) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const text = element?.shadowRoot?.textContent ?? "";
    if (!text.includes("patch: ")) continue;
    const all = [...element?.shadowRoot?.querySelectorAll("*") ?? []];
    return JSON.stringify({
      text,
      foreign: all.map(({ localName }) => localName).filter((name) => name === "img" || name === "script"),
      broken: "broken" in globalThis,
      pictures: all.filter(({ localName, role }) => localName === "svg" && role === "img").length,
    });
  }
}

// What it gives is read by the driver of each browser.
Object.assign(globalThis, { asked, seen: look() });
