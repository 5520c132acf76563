/** A process that loads a cache, step by step as its parent tells it; each step is answered with the counts so far. */
import process from "node:process";
import { createInterface } from "node:readline";
import { Load, type LoadOptions } from "./load.ts";

const options: LoadOptions = JSON.parse(process.argv[2] ?? "");
await using load = await Load.open(options);
console.log(JSON.stringify("ready"));
for await (const line of createInterface({ input: process.stdin })) {
  const [step, rounds] = line.split(" ");
  if (step === "run") await load.run(Number(rounds));
  if (step === "read") await load.readAtRest();
  if (step === "change") await load.changeAndInvalidate();
  console.log(JSON.stringify(load.counts));
}
