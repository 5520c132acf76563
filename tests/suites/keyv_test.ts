import { after, afterEach, before, beforeEach } from "node:test";
import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import type { Cache } from "@vantage/live";
import Keyv from "keyv";
import { expect } from "./expect.ts";
import { KeyedValues } from "./keyed_values.ts";
import { ourCaches } from "./our_caches.ts";
import { runPublished } from "./run_published.ts";

const NO_LIST = "a cache of ours has no list of its keys";
const CANNOT_APPLY: Readonly<Record<string, string>> = {
  ".iterator() returns an asyncIterator": NO_LIST,
  "iterator() iterates over all values": NO_LIST,
  "iterator() doesn't yield values from other namespaces": NO_LIST,
  "iterator() doesn't yield expired values, and deletes them": NO_LIST,
};

/** What Keyv asks of a store, in our words. */
class KeyvStore {
  readonly opts = {};
  namespace: string | undefined;
  readonly #values: KeyedValues;

  constructor(cache: Cache) {
    this.#values = new KeyedValues(cache);
  }

  get(key: string): Promise<unknown> {
    return this.#values.get(key);
  }

  set(key: string, value: string): Promise<boolean> {
    return this.#values.set(key, value);
  }

  delete(key: string): Promise<boolean> {
    return this.#values.delete(key);
  }

  clear(): Promise<void> {
    return this.#values.clear(this.namespace === undefined ? "" : `${this.namespace}:`);
  }
}

type Case = (context: { readonly expect: typeof expect }) => Promise<void> | void;

for (const ours of ourCaches) {
  runPublished("keyv's test suite", ours, CANNOT_APPLY, (register) => {
    let cache: Awaited<ReturnType<typeof ours.open>>;
    before(async () => void (cache = await ours.open()));
    after(async () => await cache[Symbol.asyncDispose]?.());
    const it = (name: string, run: Case): void => register(name, async () => await run({ expect }));
    // What the suite uses of Vitest is no more than this.
    const vitest = { it, beforeEach, afterEach } as unknown as Parameters<typeof keyvTestSuite>[0];
    const store = (): KeyvStore => new KeyvStore(cache);
    keyvTestSuite(vitest, Keyv, store);
    // Its cases cannot apply, nor can what it does before each case: it is only asked for their names.
    keyvIteratorTests({ ...vitest, beforeEach: () => {} } as unknown as typeof vitest, Keyv, store);
  });
}
