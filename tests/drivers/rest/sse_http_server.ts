import type { LiveEvent } from "@vantage/live";
import { serve, type Served } from "../../server/serve.ts";

const encoder = new TextEncoder();

/** A server of events over real HTTP, of the simplest kind: no hello, no ids. */
export class SseHttpServer {
  readonly #bodies = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #changed: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #refusal: Response | undefined;
  #served: Served | undefined;

  /** Starts to listen, at the same address as before. */
  async start(): Promise<void> {
    const port = this.#served === undefined ? 0 : Number(new URL(this.#served.url).port);
    this.#served = await serve(() => this.#answer(), { port });
  }

  /** Where events come from. */
  get url(): string {
    return `${this.#served?.url}/events`;
  }

  /** Resolves when so many connections are open. */
  async connections(count: number): Promise<void> {
    while (this.#bodies.size !== count) await this.#changed.promise;
  }

  /** Tells all who are connected. */
  send(event: LiveEvent): void {
    for (const body of this.#bodies) body.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
  }

  /** Ends all connections, and answers the next request with this. */
  refuseNext(refusal: Response): void {
    this.#refusal = refusal;
    for (const body of this.#bodies) body.close();
    this.#forget(...this.#bodies);
  }

  /** Goes away, with all connections. */
  async stop(): Promise<void> {
    this.#forget(...this.#bodies);
    await this.#served?.close();
  }

  #answer(): Response {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal !== undefined) return refusal;
    let body: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        body = controller;
        this.#bodies.add(body);
        // Some servers send the head along with the first bytes.
        body.enqueue(encoder.encode(":\n\n"));
      },
      cancel: () => this.#forget(body),
    });
    this.#announce();
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  }

  #forget(...bodies: readonly ReadableStreamDefaultController<Uint8Array>[]): void {
    for (const body of bodies) this.#bodies.delete(body);
    this.#announce();
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
