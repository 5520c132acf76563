import { scopeOf } from "../../cache/cache_key.ts";
import { restored, storable } from "./redis_keys.ts";
import { decodedTextOf, listOf } from "./redis_reply.ts";
import { RedisScript } from "./redis_script.ts";
import { INVALIDATE } from "./redis_scripts.ts";
import type { RedisSession } from "./redis_session.ts";
import type { RedisSteps } from "./redis_steps.ts";

const step = new RedisScript(INVALIDATE);

/** How many keys are looked at in one step when scopes are searched for. */
const KEYS_PER_STEP = "1000";

/** Invalidates scopes, or the keys in them that begin with something. */
export class RedisInvalidation {
  readonly #steps: RedisSteps;
  readonly #session: RedisSession;
  readonly #bounds: readonly string[];

  constructor(steps: RedisSteps, session: RedisSession, bounds: readonly string[]) {
    this.#steps = steps;
    this.#session = session;
    this.#bounds = bounds;
  }

  /** One step if the prefix names a scope. Otherwise scopes are searched for among all keys. */
  async invalidate(prefix: string): Promise<void> {
    const scope = scopeOf(prefix);
    if (scope !== undefined) return await this.#invalidate(scope, scope === prefix ? "" : prefix);
    const masters = await this.#session.masters();
    await Promise.all(masters.map((master) => this.#invalidateScopes(master, storable(prefix))));
    // Keys without a slash all belong to the scope "".
    await this.#invalidate("", prefix);
  }

  async #invalidate(scope: string, prefix: string): Promise<void> {
    await this.#steps.run(step, scope, [storable(prefix), ...this.#bounds]);
  }

  /**
   * Invalidates the scopes that begin with a prefix. One whose state is there from the beginning to the end of the search
   * is found; one whose state is made meanwhile has a new generation, and so has each of another server.
   */
  async #invalidateScopes(master: RedisSession, prefix: string): Promise<void> {
    const { keys, calls } = this.#steps;
    let cursor = "0";
    do {
      const search = ["SCAN", cursor, "MATCH", keys.pattern, "COUNT", KEYS_PER_STEP];
      const [next, names] = listOf(await calls.limited(master, search, undefined, calls.connection));
      for (const name of listOf(names)) {
        const scope = keys.scopeIn(decodedTextOf(name));
        if (scope !== undefined && scope !== "" && scope.startsWith(prefix)) {
          await this.#invalidate(restored(scope), "");
        }
      }
      cursor = decodedTextOf(next);
    } while (cursor !== "0");
  }
}
