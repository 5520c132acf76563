/// <reference lib="dom" />
/** The page's side of the network: it can be switched off, in all tabs and beyond a reload, and counts what it is used for. */

const SWITCH = "offline";

/** What one of the two lists has asked for. */
export interface Usage {
  readonly requests: number;
  readonly bytes: number;
}

type Listener = () => void;

const listeners = new Set<Listener>();
let cut = new AbortController();

if (isOffline()) cut.abort();

addEventListener("storage", ({ key }) => key === SWITCH && follow());

export function isOffline(): boolean {
  return localStorage.getItem(SWITCH) === "yes";
}

export function setOffline(offline: boolean): void {
  localStorage.setItem(SWITCH, offline ? "yes" : "no");
  follow();
}

/** Calls a listener when the network is switched, or was used. */
export function onNetwork(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function follow(): void {
  if (isOffline()) cut.abort(new TypeError("The page is offline"));
  else if (cut.signal.aborted) cut = new AbortController();
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** A `fetch` that counts, and that fails while the page is offline. */
export class Line {
  usage: Usage = { requests: 0, bytes: 0 };

  readonly fetch: typeof fetch = async (input, init = {}) => {
    if (isOffline()) throw new TypeError("The page is offline");
    const signals = [cut.signal, ...init.signal ? [init.signal] : []];
    const answer = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
    if (!isStream) this.#count((await answer.clone().arrayBuffer()).byteLength);
    return answer;
  };

  #count(bytes: number): void {
    this.usage = { requests: this.usage.requests + 1, bytes: this.usage.bytes + bytes };
    tell();
  }
}
