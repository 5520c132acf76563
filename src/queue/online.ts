/** What tells of the network, as browsers and workers do. */
interface Network {
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(kind: "online" | "offline", listener: () => void): void;
  removeEventListener?(kind: "online" | "offline", listener: () => void): void;
}

/**
 * Whether the master can be reached, as the application or the runtime says. Only changes are reported: an event
 * that repeats what is known has no effect.
 */
export class Online {
  readonly #onChange: (isOnline: boolean) => void;
  readonly #network: Network;
  readonly #on: () => void;
  readonly #off: () => void;
  #isOnline = true;

  constructor(onChange: (isOnline: boolean) => void, network: Network = globalThis as Network) {
    this.#onChange = onChange;
    this.#network = network;
    // A listener of the runtime must not keep an unused table alive.
    const self = new WeakRef(this);
    this.#on = () => self.deref()?.set(true);
    this.#off = () => self.deref()?.set(false);
    network.addEventListener?.("online", this.#on);
    network.addEventListener?.("offline", this.#off);
    if (network.navigator?.onLine === false) this.set(false);
  }

  /** Says whether the master can be reached. */
  set(isOnline: boolean): void {
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    this.#onChange(isOnline);
  }

  /** Listens no more. */
  close(): void {
    this.#network.removeEventListener?.("online", this.#on);
    this.#network.removeEventListener?.("offline", this.#off);
  }
}
