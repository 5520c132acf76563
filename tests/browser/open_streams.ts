/** The streams of events that a server has open, each with the name of who asked for it. */
export class OpenStreams {
  readonly #open = new Map<unknown, string>();
  #changed = Promise.withResolvers<void>();
  #opened = 0;

  /** How many were opened in all. */
  get opened(): number {
    return this.#opened;
  }

  /** Who has one. */
  get holders(): readonly string[] {
    return [...this.#open.values()];
  }

  /** An answer whose body is open until it is cancelled. */
  add(answer: Response, holder = ""): Response {
    const reader = answer.body?.getReader();
    if (reader === undefined) return answer;
    this.#open.set(reader, holder);
    this.#opened++;
    this.#note();
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => {
        this.#open.delete(reader);
        this.#note();
        await reader.cancel(reason);
      },
    });
    return new Response(body, answer);
  }

  /** Resolves when so many are open. */
  async are(count: number): Promise<void> {
    while (this.#open.size !== count) await this.#changed.promise;
  }

  /** Resolves with the name of one who is not this one, when such a one has a stream. */
  async heldByOther(name: string): Promise<string> {
    for (;;) {
      const other = this.holders.find((holder) => holder !== name);
      if (other !== undefined) return other;
      await this.#changed.promise;
    }
  }

  #note(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
