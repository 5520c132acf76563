import { systemClock } from "@vantage/live";

/** How bad the network between the page and the server is. */
export interface Weather {
  /** How long each answer takes. */
  readonly latencyMs: number;
  /** How many of a hundred requests fail: half of them before the server has them, half on the way back. */
  readonly failPercent: number;
}

/** What passed over the network. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  /** Whether its answer came back. */
  readonly answered: boolean;
}

/** The most requests to remember. */
const MAX_PASSED = 10_000;

/** A network that is slow and loses requests as it is told. */
export class Network {
  weather: Weather = { latencyMs: 0, failPercent: 0 };
  /** The last requests that passed, oldest first. */
  readonly passed: Passed[] = [];
  readonly #answer: (request: Request) => Promise<Response>;

  constructor(answer: (request: Request) => Promise<Response>) {
    this.#answer = answer;
  }

  /** Passes a request on, and the answer back. */
  async send(request: Request): Promise<Response> {
    const { latencyMs, failPercent } = this.weather;
    const { pathname, search } = new URL(request.url);
    const fails = Math.random() * 100 < failPercent;
    const arrives = !fails || Math.random() < 0.5;
    await systemClock.wait(latencyMs / 2);
    const answer = arrives ? await this.#answer(request).catch(() => undefined) : undefined;
    await systemClock.wait(latencyMs / 2);
    const answered = answer !== undefined && !fails;
    this.#note({ method: request.method, path: pathname + search, answered });
    if (answered) return answer;
    await answer?.body?.cancel();
    return new Response("No answer", { status: 504 });
  }

  #note(request: Passed): void {
    this.passed.push(request);
    if (this.passed.length > MAX_PASSED) this.passed.shift();
  }
}
