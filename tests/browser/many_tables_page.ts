/** A page with as many live tables as its address says, each of which hears of a write to it. Logs each step. */
import { LiveTable, MemCache } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";

const count = Number(new URL(location.href).searchParams.get("tables"));
const names = Array.from({ length: count }, (_, n) => `table${n}`);
const events = new SseLiveStream(new URL("/shop/events", location.href), {
  onState: (state) => console.log(state),
});
addEventListener("pageshow", (event) => "persisted" in event && event.persisted && console.log("shown again"));

const heard = await Promise.all(names.map(hear));
console.log(`heard ${heard.filter((price) => price === 9).length}`);

/** The price in a row that was cached, and then changed by somebody else. */
async function hear(name: string): Promise<unknown> {
  const master = await RestTable.open(new URL(`/shop/${name}`, location.href));
  const live = new LiveTable(master, name, new MemCache(), { liveStream: events.of(name) });
  const reader = live.events.subscribe().getReader();
  await reader.read();
  await live.listValues();
  await master.patchValue("a", { price: 9 });
  for (let next = await reader.read(); next.value?.kind !== "updated"; next = await reader.read());
  return (await live.listValues()).get("a")?.price;
}
