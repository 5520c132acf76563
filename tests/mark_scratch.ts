import { LiveTable, MemCache, MemTable } from "@vantage/live";
const rows = Array.from(
  { length: 100 },
  (_, i) => [`${i}`, { name: `Product ${i}`, price: i, stock: i, a: 1, b: 2, c: "x", d: true, e: null }] as const,
);
const t = new LiveTable(new MemTable("p", { rows }), "p", new MemCache());
const raw = rows.map(([id, row]) => [id, { ...row }] as const);
for (let r = 0; r < 5; r++) {
  let a = performance.now();
  for (let i = 0; i < 3000; i++) {
    await t.invalidate();
    await t.listValues();
  }
  const miss = (performance.now() - a) / 3;
  a = performance.now();
  for (let i = 0; i < 20000; i++) await t.patchValue("5", { price: i });
  const w = (performance.now() - a) / 20;
  a = performance.now();
  for (let i = 0; i < 300; i++) new MemTable("q", { rows: raw });
  const m = (performance.now() - a) / 300 / 100 * 1e6;
  if (r > 2) console.log(`miss ${miss.toFixed(1)} us, write ${w.toFixed(2)} us, new row ${m.toFixed(0)} ns`);
}
