import { type Child, startChild } from "../children.ts";
import { countTime } from "./lived_time.ts";
import type { HostOptions, HostSays, HostTold } from "./host_talk.ts";

/** What a host says in answer to something, by its kind. */
type Answer<K extends HostSays["kind"]> = Extract<HostSays, { readonly kind: K }>;

/** The process of a host. */
export class HostProcess implements AsyncDisposable {
  readonly options: HostOptions;
  readonly #child: Child;
  readonly #onSaid: (host: HostProcess, said: HostSays) => void;
  readonly #awaited = new Map<HostSays["kind"], (said: HostSays) => void>();
  readonly #heard: Promise<void>;

  /** Starts it. `onSaid` receives all that it says. */
  constructor(options: HostOptions, onSaid: (host: HostProcess, said: HostSays) => void) {
    this.options = options;
    this.#onSaid = onSaid;
    this.#child = startChild(options.runtime, "hosts/host_child.ts", options);
    this.#heard = this.#listen();
  }

  /** How it is called in what is printed. */
  get name(): string {
    const { host, runtime, redis, isLayered, follows, source } = this.options;
    const parts = [isLayered ? "layered" : "", follows ? "follows" : "", source ?? ""].filter((part) => part !== "");
    return `host ${host} (${[runtime, redis, ...parts].join(", ")})`;
  }

  /** Tells it something. */
  tell(told: HostTold): void {
    this.#child.tell(JSON.stringify(told));
  }

  /** Tells it something, and resolves with what it says of a kind; `undefined` if it does not in time. */
  async ask<K extends HostSays["kind"]>(told: HostTold, kind: K, withinMs: number): Promise<Answer<K> | undefined> {
    const answer = this.hears(kind, withinMs);
    this.tell(told);
    return await answer;
  }

  /** Resolves with the next thing that it says of a kind; `undefined` if it does not in time. */
  async hears<K extends HostSays["kind"]>(kind: K, withinMs: number): Promise<Answer<K> | undefined> {
    const heard = Promise.withResolvers<Answer<K> | undefined>();
    this.#awaited.set(kind, (said) => heard.resolve(said as Answer<K>)); // It is called with that kind.
    const stop = countTime((ms) => ms < withinMs || heard.resolve(undefined));
    const answer = await heard.promise;
    stop();
    this.#awaited.delete(kind);
    return answer;
  }

  /** Kills it, and resolves when all that it had said is known. */
  async kill(): Promise<void> {
    this.#child.kill();
    await this.#heard;
    await this.#child.ended;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#child.lines.next();
      if (done) return;
      const said = value as HostSays; // It says nothing else.
      this.#onSaid(this, said);
      this.#awaited.get(said.kind)?.(said);
    }
  }
}
