import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { BaseDriver } from "bentocache/drivers/base_driver";
import { registerCacheDriverTestSuite } from "bentocache/test_suite";
import { KeyedValues } from "./keyed_values.ts";
import { ourCaches } from "./our_caches.ts";
import { runPublished } from "./run_published.ts";

const CANNOT_APPLY: Readonly<Record<string, string>> = {
  "set() store a value with expiration":
    "no entry of a cache of ours expires: how old it may be, the LiveTable decides",
};

/** What Bentocache asks of a driver, in our words. */
class Driver extends BaseDriver {
  readonly type = "l2";
  readonly #values: KeyedValues;

  constructor(values: KeyedValues, config: { readonly prefix?: string }) {
    super(config);
    this.#values = values;
  }

  namespace(namespace: string): Driver {
    return new Driver(this.#values, { ...this.config, prefix: this.createNamespacePrefix(namespace) });
  }

  get(key: string): Promise<unknown> {
    return this.#values.get(this.getItemKey(key));
  }

  async pull(key: string): Promise<unknown> {
    const value = await this.get(key);
    await this.delete(key);
    return value;
  }

  set(key: string, value: string): Promise<boolean> {
    return this.#values.set(this.getItemKey(key), value);
  }

  clear(): Promise<void> {
    return this.#values.clear(`${this.prefix}:`);
  }

  delete(key: string): Promise<boolean> {
    return this.#values.delete(this.getItemKey(key));
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    for (const key of keys) await this.delete(key);
    return true;
  }

  async disconnect(): Promise<void> {}
}

/** What its cases get of Japa's assertions. */
const assertions = {
  deepEqual: assert.deepEqual,
  notEqual: assert.notEqual,
  isTrue: (value: unknown): void => assert.equal(value, true),
  isFalse: (value: unknown): void => assert.equal(value, false),
  isUndefined: (value: unknown): void => assert.equal(value, undefined),
};

type Teardown = () => unknown;
type Case = (context: { readonly assert: typeof assertions; cleanup(teardown: Teardown): void }) => Promise<void>;

for (const ours of ourCaches) {
  runPublished("bentocache's driver test suite", ours, CANNOT_APPLY, (register) => {
    let cache: Awaited<ReturnType<typeof ours.open>>;
    const teardowns: Teardown[] = [];
    before(async () => void (cache = await ours.open()));
    after(async () => {
      for (const teardown of teardowns) await teardown();
      await cache[Symbol.asyncDispose]?.();
    });
    const test = (name: string, run: Case): void =>
      register(name, async () => {
        const cleanups: Teardown[] = [];
        try {
          await run({ assert: assertions, cleanup: (teardown) => void cleanups.push(teardown) });
        } finally {
          for (const cleanup of cleanups) await cleanup();
        }
      });
    const group = {
      setup: (setUp: () => Promise<Teardown>): void => before(async () => void teardowns.push(await setUp())),
      tap: (): void => {},
      each: { teardown: (teardown: () => Promise<void>): void => afterEach(teardown) },
    };
    // What the suite uses of Japa is no more than this.
    registerCacheDriverTestSuite(
      {
        test,
        group,
        createDriver: (config?: { readonly prefix?: string }) =>
          new Driver(new KeyedValues(cache), { prefix: "root", ...config }),
      } as unknown as Parameters<typeof registerCacheDriverTestSuite>[0],
    );
  });
}
