import type { Clock } from "../base/clock.ts";
import { Refusal } from "./answers.ts";
import { conflictOf } from "./refusals.ts";

/** What {@linkcode AnsweredWrites} keep, and how long. */
export interface KeySettings {
  readonly maxKeys: number;
  readonly maxBytes: number;
  readonly ttlMs: number;
}

/** The answer to a write that was done. */
export interface WriteReply {
  readonly status: number;
  /** What the answer holds; nothing for a delete. */
  readonly content: object;
  /** Whether it was given before, to the same key: the row may have changed since. */
  readonly unsettled: boolean;
}

interface Kept {
  /** The whole write as text: another write must not get this answer. */
  readonly asked: string;
  readonly status: number;
  /** The content as JSON; `undefined` if the outcome is unknown. */
  readonly text: string | undefined;
  readonly at: number;
}

interface Started {
  readonly asked: string;
  readonly reply: Promise<WriteReply>;
}

/**
 * The writes that were answered, by idempotency key: one that is sent again is answered alike, and not done again. They
 * are kept in memory, so a server that was restarted does not know them; what is kept is bounded, and the oldest go first.
 */
export class AnsweredWrites {
  readonly #settings: KeySettings;
  readonly #clock: Clock;
  readonly #started = new Map<string, Started>();
  /** In the order of their answers. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(settings: KeySettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Does a write, unless it was done or is being done under the same key: then it is answered alike. A clear refusal
   * leaves the key unused.
   *
   * @throws {Refusal} if another write used the key; or if the outcome of this one is unknown, since doing it again
   * might do it twice.
   */
  async once(key: string, asked: string, work: () => Promise<WriteReply>): Promise<WriteReply> {
    this.#expire();
    const known = this.#started.get(key) ?? this.#kept.get(key);
    if (known === undefined) return await this.#start(key, asked, work);
    if (known.asked !== asked) throw conflictOf("The Idempotency-Key belongs to another write", "none");
    if ("reply" in known) return { ...await known.reply, unsettled: true };
    if (known.text !== undefined) return { status: known.status, content: JSON.parse(known.text), unsettled: true };
    throw conflictOf("This write was sent before, and its outcome is unknown", "unknown");
  }

  async #start(key: string, asked: string, work: () => Promise<WriteReply>): Promise<WriteReply> {
    const reply = work();
    this.#started.set(key, { asked, reply });
    try {
      const { status, content } = await reply;
      this.#keep(key, { asked, status, text: JSON.stringify(content), at: this.#clock.monotonic() });
    } catch (error) {
      const isRefused = error instanceof Refusal && error.problem.effect === "none";
      if (!isRefused) this.#keep(key, { asked, status: 0, text: undefined, at: this.#clock.monotonic() });
    } finally {
      this.#started.delete(key);
    }
    return await reply;
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#bytes += bytesOf(key, kept);
    this.#expire();
  }

  #expire(): void {
    const { maxKeys, maxBytes, ttlMs } = this.#settings;
    const oldest = this.#clock.monotonic() - ttlMs;
    for (const [key, kept] of this.#kept) {
      if (kept.at >= oldest && this.#kept.size <= maxKeys && this.#bytes <= maxBytes) return;
      this.#kept.delete(key);
      this.#bytes -= bytesOf(key, kept);
    }
  }
}

/** Most characters take one byte in memory. */
function bytesOf(key: string, { asked, text = "" }: Kept): number {
  return key.length + asked.length + text.length;
}
