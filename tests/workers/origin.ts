import { type Handler, serve } from "../server/serve.ts";

/** An answer that is kept back, with the work for it done. */
export interface HeldAnswer {
  /** Resolves when it is there to be sent. The signal is aborted once nobody waits for it any more. */
  readonly ready: Promise<AbortSignal>;
  /** Resolves when nobody waits for it any more. */
  left(): Promise<void>;
  /** Sends it. */
  release(): void;
}

/** What workers stand before: a server over real HTTP that remembers what it was asked. */
export interface Origin extends AsyncDisposable {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** How often it was asked this, as in `GET /products/rows`. */
  count(what: string): number;
  /** Keeps the next answer to this back. */
  hold(what: string): HeldAnswer;
}

/** Serves a handler as an origin. */
export async function serveOrigin(handler: Handler): Promise<Origin> {
  const asked: string[] = [];
  const held = new Map<string, (request: Request) => Promise<void>>();
  const server = await serve(async (request) => {
    const what = `${request.method} ${new URL(request.url).pathname}`;
    asked.push(what);
    const answer = await handler(request);
    const keepBack = held.get(what);
    held.delete(what);
    await keepBack?.(request);
    return answer;
  });
  return {
    url: server.url,
    count: (what) => asked.filter((each) => each === what).length,
    hold: (what) => {
      const ready = Promise.withResolvers<AbortSignal>();
      const released = Promise.withResolvers<void>();
      held.set(what, ({ signal }) => {
        ready.resolve(signal);
        return released.promise;
      });
      return {
        ready: ready.promise,
        left: async () => await aborted(await ready.promise),
        release: () => released.resolve(),
      };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
