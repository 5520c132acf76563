/** One message of a stream of events, or a comment. */
export interface Message {
  readonly event?: string;
  readonly id?: string;
  readonly data?: unknown;
  readonly comment?: string;
}

/** Reads a stream of events message by message, and no further than it is asked. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(answer: Response) {
    if (answer.body === null) throw new TypeError("The answer has no body");
    this.#reader = answer.body.getReader();
  }

  /** The next message; `undefined` at the end. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const comment = /^:(?: )?(.*)\n/.exec(this.#text);
      if (comment !== null) {
        this.#text = this.#text.slice(comment[0].length);
        return { comment: comment[1] ?? "" };
      }
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const message = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return parse(message);
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The next few. */
  async take(count: number): Promise<(Message | undefined)[]> {
    const messages: (Message | undefined)[] = [];
    for (let n = 0; n < count; n++) messages.push(await this.next());
    return messages;
  }

  /** Leaves. */
  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

function parse(text: string): Message {
  const fields = text.split("\n").map((line) => {
    const [, name = "", value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    return [name, name === "data" ? JSON.parse(value) : value];
  });
  return Object.fromEntries(fields);
}
