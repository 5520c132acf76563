import { ManualLiveStream, MemTable } from "@vantage/live";
import type { Shop } from "./first_steps.ts";

/** A shop in memory, whose changes are told by hand. */
export function memShop(): Shop {
  const master = new MemTable("products", { rows: [["a", { name: "Bun", price: 2 }], ["b", { name: "Tart" }]] });
  const liveStream = new ManualLiveStream();
  return {
    master,
    liveStream,
    gaps: 1,
    async rename(name) {
      await master.patchValue("a", { name });
      liveStream.push({ kind: "updated", id: "a" });
    },
  };
}
