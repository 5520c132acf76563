import { TableError } from "@vantage/live";
import { RestTable, type RestTableOptions } from "@vantage/live/rest";
import { FakeClock } from "@vantage/live/testing";

interface Env {
  readonly ORIGIN: string;
}

/** A resource of the origin. */
type Open = (path: string, options?: RestTableOptions) => RestTable;

/** What can be asked of a resource; what comes of it is what the tests look at. */
const DEEDS: Readonly<Record<string, (open: Open) => unknown>> = {
  list: (open) => entries(open("/products")),
  patch: (open) => open("/products").patchValue("a", { name: "Brioche" }, { idempotencyKey: "key" }),
  redirected: (open) => entries(open("/moved")),
  busy: (open) => entries(open("/busy")),

  async late(open) {
    const clock = new FakeClock();
    const answer = entries(open("/held", { clock, timeoutMs: 30_000 })).catch(told);
    await entries(open("/until-held"));
    await clock.advance(30_000);
    return await answer;
  },
  async aborted(open) {
    const stop = new AbortController();
    const answer = entries(open("/held"), stop.signal).catch(told);
    await entries(open("/until-held"));
    stop.abort();
    return await answer;
  },

  takesCache: () => {
    try {
      return new Request("http://localhost/", { cache: "no-cache" }).cache === "no-cache";
    } catch {
      return false;
    }
  },
};

/** A worker that does what its path says. */
export default {
  async fetch(request: Request, { ORIGIN }: Env): Promise<Response> {
    const deed = DEEDS[new URL(request.url).pathname.slice(1)];
    try {
      return Response.json(await deed?.((path, options) => new RestTable(`${ORIGIN}${path}`, options)) ?? null);
    } catch (error) {
      return Response.json(told(error));
    }
  },
};

async function entries(table: RestTable, signal?: AbortSignal): Promise<unknown> {
  return [...await table.listValues({ signal })];
}

function told(error: unknown): string {
  if (error instanceof TableError) return `${error.name}, retriable: ${error.retriable}`;
  return error instanceof Error ? error.name : String(error);
}
