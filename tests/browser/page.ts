/** The page's own code: does the first steps, and logs what it saw. */
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

console.log(JSON.stringify({
  canEvaluate: canEvaluate(),
  memory: await firstSteps(memShop()),
  network: await firstSteps(await networkShop(new URL("/products", location.href).href)),
}));
