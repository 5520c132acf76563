/** What `otel_test.ts` runs in a process of its own: one read that misses, one write, one read of a row. */
import { LiveTable, MemTable } from "@vantage/live";
import { MemCache } from "@vantage/live";
import { OtelTracer } from "@vantage/live/otel";

const master = new MemTable("products", { rows: [["a", { name: "Bun", secret: "hunter2" }]] });
await using products = new LiveTable(master, "products", new MemCache(), { tracer: new OtelTracer() });
await products.listValues();
await products.patchValue("a", { name: "Brioche" });
await products.getValue("a");
