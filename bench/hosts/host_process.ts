/** A host in a process of its own: it does what each line says, and answers with its counts so far. */
import process from "node:process";
import { createInterface } from "node:readline";
import { Host } from "./host.ts";
import type { HostOptions } from "./host_options.ts";

const options: HostOptions = JSON.parse(process.argv[2] ?? "");
await using host = await Host.open(options);
console.log(JSON.stringify(host.answer));
for await (const line of createInterface({ input: process.stdin })) {
  const [step, ms] = line.split(" ");
  if (step === "warm") await host.warm();
  if (step === "rest") await host.run(Number(ms), false);
  if (step === "change") await host.run(Number(ms), true);
  if (step === "compare") await host.compare();
  console.log(JSON.stringify(host.answer));
}
