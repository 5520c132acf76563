/** The page's own code: does the first steps, and logs what it saw. */
import { LiveTable } from "@vantage/live";
import { firstSteps } from "../package/consumer/first_steps.ts";
import { memShop } from "../package/consumer/mem_shop.ts";
import { networkShop } from "../package/consumer/network_shop.ts";

/** Whether the page's policy lets texts become code. */
function canEvaluate(): boolean {
  try {
    return new Function("return true")();
  } catch {
    return false;
  }
}

async function look(): Promise<string> {
  return JSON.stringify({
    canEvaluate: canEvaluate(),
    memory: await firstSteps(memShop()),
    network: await firstSteps(await networkShop(new URL("/products", location.href).href)),
    misnamed: "undefined" in LiveTable.prototype,
  });
}

// Chromium's driver reads what is logged, those of the others what the promise gives.
const seen = look();
Object.assign(globalThis, { seen });
console.log(await seen);
