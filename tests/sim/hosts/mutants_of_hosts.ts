import type { Mutant } from "../mutants.ts";

/** Small wrong changes to what hosts share a cache by, that the simulation of many hosts or a test must detect. */
export const MUTANTS_OF_HOSTS: readonly Mutant[] = ([
  {
    name: "an answer of the far cache is kept though there was a change since it was asked for",
    file: "cache/layered_cache.ts",
    from: "return isLast ? this.#keep(key, cached, askedAt) : cached;",
    to: "return this.#keep(key, cached, askedAt);",
  },
  {
    name: "a question to the far cache is shared though there was a change since",
    file: "cache/layered_cache.ts",
    from: "if (key.startsWith(prefix)) this.#asks.delete(key);",
    to: "if (key === prefix) this.#asks.delete(key);",
  },
  {
    name: "what is in memory is dropped only before a change is in the far cache",
    file: "cache/layered_cache.ts",
    from: "return isPromise(done) ? done.finally(step) : done;",
    to: "return done;",
  },
  {
    name: "what the far cache hears drops nothing in memory",
    file: "cache/layered_cache.ts",
    from: "far.onChanged?.((scope) => this.#drop(scope));",
    to: "far.onChanged?.(() => {});",
  },
  {
    name: "an entry is answered with from memory for three times as long",
    file: "cache/layered_cache.ts",
    from: "- askedAt < this.#maxLagMs;",
    to: "- askedAt < 3 * this.#maxLagMs;",
  },
  {
    name: "what is in memory is as old as the answer, not as the question",
    file: "cache/layered_cache.ts",
    from: "return isLast ? this.#keep(key, cached, askedAt) : cached;",
    to: "return isLast ? this.#keep(key, cached, this.#clock.monotonic()) : cached;",
  },
  {
    name: "an event that is in the log is logged again",
    file: "live/assemble.ts",
    from: "isLogged: liveStream.logOf !== undefined && isLoggedIn(cache, liveStream.logOf),",
    to: "isLogged: liveStream.logOf !== undefined && !isLoggedIn(cache, liveStream.logOf),",
  },
  {
    name: "an event that is in the log is shown to nobody who watches",
    file: "live/changes.ts",
    from: "    invalidation.note(change);\n    this.#tell(change);\n",
    to: "    invalidation.note(change);\n",
  },
  {
    name: "an event that is in the log is no change",
    file: "live/invalidation.ts",
    from: "  note(change: Change): void {\n    this.#trust.generation++;\n",
    to: "  note(change: Change): void {\n",
  },
  {
    name: "the caches in front of a log hear of no gap in it",
    file: "drivers/redis/redis_followed.ts",
    from: "    this.#onChanged(this.scope);\n    for (const listener of this.listeners) {",
    to: "    if (change !== undefined) this.#onChanged(this.scope);\n    for (const listener of this.listeners) {",
  },
  {
    name: "a log that was evicted or replaced is waited for",
    file: "drivers/redis/redis_follower.ts",
    from: "if (!heard || [...this.#followed.values()]",
    to: "if ([...this.#followed.values()]",
  },
  {
    name: "records wake no stream, which looks once a second",
    file: "drivers/redis/redis_follower.ts",
    from: "const ids = [...placed.map(({ place }) => `${place.position}-0`), this.#woken];",
    to:
      'const ids = [...placed.map(({ place }) => blockMs === undefined ? `${place.position}-0` : "9999999999999-0"), this.#woken];',
  },
  {
    name: "a process is known by its address",
    file: "drivers/redis/redis_server.ts",
    from: "if (known?.connection !== connection) return this.#ask();",
    to:
      "if (known === undefined) return this.#ask();\n    if (known.connection !== connection) return { ...known, connection };",
  },
  {
    name: "a process that is replaced under a connection is never noticed",
    file: "drivers/redis/redis_server.ts",
    from: "    if (ageMs >= 2 * CHECK_MS) return this.#ask();\n    if (ageMs >= CHECK_MS)",
    to: "    if (ageMs === Infinity)",
  },
  {
    name: "a state is valid whichever process it was made in",
    file: "drivers/redis/redis_reads.ts",
    from: "if (state?.server !== server || isNothing(bytes)) return undefined;",
    to: "if (state === undefined || server === undefined || isNothing(bytes)) return undefined;",
  },
  {
    name: "changes that are missing in the log have not happened",
    file: "drivers/redis/redis_reads.ts",
    from: "  return last === state.position ? changes : undefined;",
    to: "  return changes;",
  },
  {
    name: "changes from after the state count as read with it",
    file: "drivers/redis/redis_reads.ts",
    from: "    if (position > state.position) break;\n",
    to: "",
  },
  {
    name: "an intent is due by the clock of the host that logs it",
    file: "drivers/redis/redis_log.ts",
    from: "          String(this.#steps.server.timeOf(dueAt)),\n",
    to: "          String(dueAt),\n",
  },
  {
    name: "an intent is due by the clock of the host that asks",
    file: "drivers/redis/redis_reads.ts",
    from: "this.#steps.server.timeHere(state.dueAt);",
    to: "state.dueAt;",
  },
  {
    name: "how far clocks differ is found out once",
    file: "drivers/redis/redis_server.ts",
    from: "if (Math.abs(aheadMs - this.#aheadMs) >= SAME_MS) this.#aheadMs",
    to: "if (this.#aheadMs === 0) this.#aheadMs",
  },
] as const).map((mutant) => ({ ...mutant, isOfHosts: true }));
