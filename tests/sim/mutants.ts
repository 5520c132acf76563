/** A small wrong change, that the simulation or the suite must notice. */
export interface Mutant {
  readonly name: string;
  /** Where in src. */
  readonly file: string;
  /** What stands there, exactly once. */
  readonly from: string;
  readonly to: string;
}

/** All of them; each was seen to be caught. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "drop the fence",
    file: "live/guarded_cache.ts",
    from: "this.#cache.put(key, rows, fence)",
    to: "this.#cache.put(key, rows)",
  },
  {
    name: "take the fence after the master was asked",
    file: "live/read_through.ts",
    from: "await this.#keep(key, { rows: received, fetchedAt: startedAt }, await fence);",
    to: "await this.#keep(key, { rows: received, fetchedAt: startedAt }, await this.#cache.fence(key));",
  },
  {
    name: "keep what was read without a fence",
    file: "live/read_through.ts",
    from:
      "if (this.#closed || doubted || fence === undefined || fetched.fetchedAt < settledFrom) return;\n    const stored = await this.#cache.put(key, fetched, fence);",
    to:
      "if (this.#closed || doubted || fetched.fetchedAt < settledFrom) return;\n    const stored = await this.#cache.put(key, fetched, fence as Fence);",
  },
  {
    name: "settle before invalidating",
    file: "live/write_through.ts",
    from: "      await this.#invalidate(op);\n      return answer;",
    to: "      void this.#invalidate(op);\n      return answer;",
  },
  {
    name: "invalidate before writing",
    file: "live/write_through.ts",
    from: "      const answer = await this.#apply(op, target, idempotencyKey);\n      await this.#invalidate(op);",
    to: "      await this.#invalidate(op);\n      const answer = await this.#apply(op, target, idempotencyKey);",
  },
  {
    name: "join a flight from before the invalidation",
    file: "live/read_through.ts",
    from: "if (flight === undefined || flight.generation !== this.#invalidation.generation) {",
    to: "if (flight === undefined) {",
  },
  {
    name: "join a flight from before the invalidation, when fences are compared later",
    file: "live/read_through.ts",
    from: "if (same && flight.generation === generation) return await this.#join(flight);",
    to: "if (same || flight.generation === generation) return await this.#join(flight);",
  },
  {
    name: "join a flight that another process has overtaken",
    file: "live/read_through.ts",
    from: "return isSame(fence, flight.fence) ? this.#join(flight) : this.#takeOff(request);",
    to: "return this.#join(flight);",
  },
  {
    name: "never join",
    file: "live/read_through.ts",
    from: "    this.#flights.set(key, flight);\n",
    to: "",
  },
  {
    name: "join a flight that has landed",
    file: "live/read_through.ts",
    from: "      if (this.#flights.get(key) === flight) this.#flights.delete(key);\n    };",
    to: "    };",
  },
  {
    name: "believe the cache while it is doubted",
    file: "live/read_through.ts",
    from: "const held = this.#invalidation.doubted ? undefined : this.#cache.get(request.key);",
    to: "const held = this.#cache.get(request.key);",
  },
  {
    name: "fill the cache while it is doubted",
    file: "live/read_through.ts",
    from: "if (this.#closed || doubted || fence",
    to: "if (this.#closed || fence",
  },
  {
    name: "keep what a lagging replica told",
    file: "live/read_through.ts",
    from: " || fetched.fetchedAt < settledFrom) return;",
    to: ") return;",
  },
  {
    name: "do not drop once more when the replicas have caught up",
    file: "live/invalidation.ts",
    from: "      this.#settling ??= this.#dropWhenSettled();\n",
    to: "",
  },
  {
    name: "serve what is stale",
    file: "live/read_through.ts",
    from: "return ageMs >= 0 && ageMs < this.#staleTimeMs;",
    to: "return ageMs >= 0;",
  },
  {
    name: "date an entry by when its rows came, not by when they were asked for",
    file: "live/read_through.ts",
    from: "{ rows: received, fetchedAt: startedAt }",
    to: "{ rows: received, fetchedAt: this.#clock.now() }",
  },
  {
    name: "hand out what is held, without a copy of its dates",
    file: "live/read_through.ts",
    from: "return Promise.resolve(request.pick(shareRows(held.rows), request.id));",
    to: "return Promise.resolve(request.pick(held.rows, request.id));",
  },
  {
    name: "keep rows that a caller goes on changing",
    file: "queue/write_op.ts",
    from: "return { kind: op.kind, id: checkedId(op.id), partial: toRow(op.partial) };",
    to: "return { kind: op.kind, id: checkedId(op.id), partial: op.partial };",
  },
  {
    name: "let one abort end a shared read",
    file: "live/read_through.ts",
    from: "    return signal === undefined ? answer : abortable(answer, signal);\n  }\n\n  /** Asks the master past",
    to:
      '    signal?.addEventListener("abort", () => {\n      for (const end of this.#underWay) end(signal.reason);\n    });\n    return signal === undefined ? answer : abortable(answer, signal);\n  }\n\n  /** Asks the master past',
  },
  {
    name: "remember that a row is missing",
    file: "live/read_through.ts",
    from: "if (received.size > 0 || id === undefined) {",
    to: "if (received.size >= 0) {",
  },
  {
    name: "fill the cache after close()",
    file: "live/read_through.ts",
    from: "if (this.#closed || doubted",
    to: "if (doubted",
  },
  {
    name: "forget the items per page in the key",
    file: "cache/cache_key.ts",
    from: 'const suffix = perPage === DEFAULT_ITEMS_PER_PAGE ? "" : `;per_page=${perPage}`;',
    to: 'const suffix = "";\n    void perPage;',
  },
  {
    name: "forget the conditions in the key of a list",
    file: "cache/cache_key.ts",
    from: "const view = this.#view(canonicalQuery(query), this.#plain, suffix);",
    to: "const view = this.#view(this.#plain, this.#plain, suffix);",
  },
  {
    name: "forget the conditions in the key of a row",
    file: "cache/cache_key.ts",
    from: 'return `${this.#view(canonicalQuery(narrowing(query)), this.#plainSet, "")}id/`;',
    to: "return `${this.prefix}id/`;",
  },
  {
    name: "a prefix without its separator",
    file: "cache/cache_key.ts",
    from: "this.prefix = `${escapeKeyPart(cacheKey)}/`;",
    to: "this.prefix = `${escapeKeyPart(cacheKey)}`;",
  },
  {
    name: "do not escape ids",
    file: "cache/cache_key.ts",
    from: "  return text.replace(UNSAFE, (unit) => {",
    to: "  if (text.length < 64) return text;\n  return text.replace(UNSAFE, (unit) => {",
  },
  {
    name: "no new generation with an invalidation",
    file: "live/invalidation.ts",
    from: "this.#trust.doubters.set(this, ++this.#trust.generation);",
    to: "this.#trust.doubters.set(this, this.#trust.generation);",
  },
  {
    name: "no doubt with an invalidation",
    file: "live/invalidation.ts",
    from: "this.#trust.doubters.set(this, ++this.#trust.generation);",
    to: "++this.#trust.generation;",
  },
  {
    name: "swallow a failed invalidation",
    file: "live/invalidation.ts",
    from: "if (!ok) return this.#retryLater();",
    to: "void ok;",
  },
  {
    name: "do not try a failed invalidation again",
    file: "live/invalidation.ts",
    from: "if (!ok) return this.#retryLater();",
    to: "if (!ok) return;",
  },
  {
    name: "a success makes up for what was asked for after it began",
    file: "live/invalidation.ts",
    from: "if (since <= began) doubters.delete(doubter);",
    to: "doubters.delete(doubter), void since, void began;",
  },
  {
    name: "let an invalidation that is under way serve a later one",
    file: "live/invalidation.ts",
    from: "    this.#next ??= this.#running.then(() => {",
    to: "    if (this.#running !== undefined) return this.#running;\n    this.#next ??= this.#running.then(() => {",
  },
  {
    name: "drop one row only, where the whole set may have changed",
    file: "live/invalidation.ts",
    from: "const dropped = this.#options.guarded.invalidatePrefix(this.#options.prefix);",
    to: "const dropped = this.#options.guarded.invalidatePrefix(`${this.#options.prefix}id/`);",
  },
  {
    name: "do not invalidate when the outcome is unknown",
    file: "live/write_through.ts",
    from: "if (!refused) await this.#invalidate(op);",
    to: "void refused;",
  },
  {
    name: "invalidate when the master clearly refused",
    file: "live/write_through.ts",
    from: "if (!refused) await this.#invalidate(op);",
    to: "void refused;\n      await this.#invalidate(op);",
  },
  {
    name: "double the write",
    file: "live/write_through.ts",
    from: "if (trace === undefined) return await applyWriteOp(op, target, { idempotencyKey });",
    to:
      "if (trace === undefined) {\n      await applyWriteOp(op, target, { idempotencyKey });\n      return await applyWriteOp(op, target, { idempotencyKey });\n    }",
  },
  {
    name: "answer the wrong writer",
    file: "queue/write_queue.ts",
    from: "      this.#outcome.resolve(answer);\n",
    to: "      this.#outcome.resolve(lastAnswers.shift() ?? answer);\n      lastAnswers.push(answer);\n",
  },
  {
    name: "skip the last queued write on close",
    file: "queue/write_queue.ts",
    from: "    this.#closed = true;\n    return this.#idle;",
    to:
      "    this.#closed = true;\n    const last = [...this.#accepted].at(-1);\n    if (last !== undefined && this.#accepted.size > 1) this.#accepted.delete(last);\n    return this.#idle;",
  },
  {
    name: "a write that fails ends the queue",
    file: "queue/write_queue.ts",
    from: '      this.#finish("failed");\n      this.#outcome.reject(error);\n    }',
    to: '      this.#finish("failed");\n      this.#outcome.reject(error);\n      throw error;\n    }',
  },
  {
    name: "no bound on the queue",
    file: "queue/write_queue.ts",
    from: "if (this.#accepted.size >= this.#capacity && this.#waiting.size >= this.#waitingCapacity) {",
    to: "if (this.#accepted.size < 0) {",
  },
  {
    name: "take back a write that was sent",
    file: "queue/write_queue.ts",
    from: 'if (this.#state !== "waiting" && this.#state !== "accepted") return false;',
    to: 'if (this.#state === "applied" || this.#state === "failed") return false;',
  },
  {
    name: "send all writes at once",
    file: "queue/write_queue.ts",
    from: "      await write.send();\n    }",
    to: "      void write.send();\n    }",
  },
  {
    name: "close without waiting for the queue",
    file: "live/live_core.ts",
    from: "    await this.queue.close();\n",
    to: "    void this.queue.close();\n",
  },
  {
    name: "close without ending the subscription",
    file: "live/event_listener.ts",
    from: "    this.#closing.abort();\n    await this.#stopped;",
    to: "    void this.#stopped;",
  },
  {
    name: "ignore the end of a stream",
    file: "live/event_listener.ts",
    from: "      if (!signal.aborted) this.#options.counters.retries++;\n",
    to: "      if (!signal.aborted) return;\n",
  },
  {
    name: "do not invalidate when the stream is back",
    file: "live/event_listener.ts",
    from: '    await this.#distrust("gap", "the stream is back", { kind: "changed" });\n',
    to: "",
  },
  {
    name: "tell of an event before dropping",
    file: "live/event_listener.ts",
    from: "    await this.#options.invalidation.invalidate(cause, reason);\n    this.#options.events.push(event);",
    to: "    this.#options.events.push(event);\n    await this.#options.invalidation.invalidate(cause, reason);",
  },
  {
    name: "disregard an event",
    file: "live/event_listener.ts",
    from: 'if (trace === undefined) return await this.#distrust("event", reason, heard);',
    to: "if (trace === undefined) return;",
  },
  {
    name: "tell one that lags nothing",
    file: "stream/manual_live_stream.ts",
    from: "      else subscriber.lagging = true;\n",
    to: "",
  },
  {
    name: "a failing cache fails the read",
    file: "live/guarded_cache.ts",
    from: "    return instead;\n",
    to: '    void instead;\n    throw new Error("the cache failed");\n',
  },
  {
    name: "do not count a failing cache",
    file: "live/guarded_cache.ts",
    from: "    this.#counters.cacheFailures++;\n",
    to: "",
  },
  {
    name: "a cache that stores whatever the fence says",
    file: "cache/mem_cache.ts",
    from: "if (fence !== undefined && fence !== this.fence(key)) return false;",
    to: "void fence;",
  },
  {
    name: "a cache whose fence does not move",
    file: "cache/mem_cache.ts",
    from: "    this.#moveFences(prefix);\n    const scope",
    to: "    const scope",
  },
  {
    name: "a cache that grows for ever",
    file: "cache/mem_cache.ts",
    from:
      "    while (this.#entries.size > this.#maxEntries || this.#rowCount > this.#maxRows) this.#remove(this.#oldest);\n",
    to: "",
  },
];
