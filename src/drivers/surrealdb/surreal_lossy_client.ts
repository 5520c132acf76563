import type { SurrealSubscription } from "./surreal_handle.ts";

/**
 * Whether the client loses a message that arrives together with another. surrealdb 2.0.8 does: its iterator gives a message
 * to the reader that waits, and the next one to the same reader, if it has not come back for more in between.
 */
export async function losesMessages(subscription: SurrealSubscription): Promise<boolean> {
  // One of its own, that no message of SurrealDB reaches while it is tried.
  const iterator = subscription[Symbol.asyncIterator]();
  if (!("submit" in iterator) || typeof iterator.submit !== "function") return false;
  const first = iterator.next();
  iterator.submit("first");
  iterator.submit("second");
  await first;
  const second = iterator.next();
  // What is queued is there at once.
  const isLost = await Promise.race([second.then(() => false), afterTurns(3)]);
  await iterator.return?.();
  return isLost;
}

async function afterTurns(turns: number): Promise<boolean> {
  for (let turn = 0; turn < turns; turn++) await undefined;
  return true;
}

/**
 * Whether messages that arrive together reach the client in separate tasks, as WebSockets give them where they are those of
 * the standard. That of Node gives all that a packet holds in one task.
 */
export function getsMessagesOneByOne(): boolean {
  const process: unknown = Reflect.get(globalThis, "process");
  const release: unknown = typeof process === "object" && process !== null
    ? Reflect.get(process, "release")
    : undefined;
  const isNode = typeof release === "object" && release !== null && Reflect.get(release, "name") === "node";
  return !isNode || "Deno" in globalThis || "Bun" in globalThis;
}
