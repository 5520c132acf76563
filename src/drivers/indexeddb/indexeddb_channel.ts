/** What the tabs of an origin tell each other about the log of a scope. */
export interface TabMessage {
  /**
   * - `changed`: it has grown, or was invalidated.
   * - `live`: the tab that feeds it has caught up with its source.
   * - `ask`: whether there is such a tab.
   */
  readonly kind: "changed" | "live" | "ask";
  readonly scope: string;
}

interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
  /** Of Node, so that the process may exit. */
  unref?(): void;
}

interface ChannelGlobals {
  readonly BroadcastChannel?: (new (name: string) => Channel) | undefined;
}

/** Tells the caches of one name, in all tabs of the origin and in this one, what has happened. Without channels, in this one. */
export class TabChannel {
  readonly #channel: Channel | undefined;
  readonly #listeners = new Set<(message: TabMessage) => void>();

  constructor(name: string) {
    const { BroadcastChannel } = globalThis as ChannelGlobals; // As browsers have it.
    this.#channel = BroadcastChannel && new BroadcastChannel(name);
    this.#channel?.unref?.();
    // Nobody else uses a channel of this name.
    if (this.#channel !== undefined) this.#channel.onmessage = ({ data }) => this.#tell(data as TabMessage);
  }

  /** Tells all tabs. */
  post(message: TabMessage): void {
    this.#channel?.postMessage(message);
    this.#tell(message);
  }

  /** Calls `listener` with each message until the returned function is called. */
  listen(listener: (message: TabMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#channel?.close();
  }

  #tell(message: TabMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}
