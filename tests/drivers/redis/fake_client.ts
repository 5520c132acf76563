import type { RedisCommand } from "@vantage/live/redis";

/** The generation of the states here. */
export const GENERATION = "0123456789abcdef";

/** A client of `redis` whose answers and events are given by hand. */
export class FakeClient {
  readonly isOpen = true;
  readonly sent: string[] = [];
  readonly #answers: ((answer: unknown) => void)[] = [];
  readonly #listeners = new Map<string, (() => void)[]>();
  answersText = false;
  run: string = "a".repeat(40);
  history: string = "b".repeat(40);

  sendCommand(command: RedisCommand): Promise<unknown> {
    if (command[0] === "INFO") return Promise.resolve(this.#info());
    if (command[0] === "EVAL" && command.length === 3) {
      return Promise.resolve(this.answersText ? "bytes" : bytes("bytes"));
    }
    this.sent.push(String(command[0]));
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** Answers the oldest call that is not answered. */
  answer(answer: unknown): void {
    this.#answers.shift()?.(answer);
  }

  on(event: string, listener: () => void): void {
    this.#listeners.set(event, [...this.#listeners.get(event) ?? [], listener]);
  }

  off(event: string, listener: () => void): void {
    this.#listeners.set(event, this.#listeners.get(event)?.filter((each) => each !== listener) ?? []);
  }

  emit(event: string): void {
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }

  get listenerCount(): number {
    return [...this.#listeners.values()].flat().length;
  }

  duplicate(): FakeClient {
    return this;
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {}

  #info(): Uint8Array {
    const facts = { redis_version: "7.0.15", role: "master", run_id: this.run, master_replid: this.history };
    return bytes(Object.entries(facts).map(([name, value]) => `${name}:${value}\r\n`).join(""));
  }
}

/** A text as bytes. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The state of a scope at the server of a client. */
export function stateAt({ run, history }: FakeClient, position = 7): Uint8Array {
  return bytes(`${run.slice(0, 16)}${history.slice(0, 16)} ${GENERATION} ${position} 0 0 0 0 -`);
}
