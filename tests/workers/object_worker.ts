import type { DurableObjectNamespace, DurableObjectState } from "./worker_types.ts";

interface Env {
  readonly OBJECTS: DurableObjectNamespace;
}

/** Something that an object can do; what it answers is what the tests look at. */
type Deed = (ctx: DurableObjectState, parameters: URLSearchParams) => unknown;

/** What an object can do, by name. */
export type Deeds = Readonly<Record<string, Deed>>;

/** A class of Durable Objects. */
export type ObjectClass = new (ctx: DurableObjectState) => { fetch(request: Request): Promise<Response> };

/** A class of Durable Objects that do what their path says: `/{object}/{deed}?{parameters}`. */
export function objectOf(deeds: Deeds): ObjectClass {
  return class {
    readonly #ctx: DurableObjectState;

    constructor(ctx: DurableObjectState) {
      this.#ctx = ctx;
    }

    async fetch(request: Request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url);
      try {
        return Response.json(await deeds[pathname.split("/")[2] ?? ""]?.(this.#ctx, searchParams) ?? null);
      } catch (error) {
        return new Response(String(error), { status: 500 });
      }
    }
  };
}

/** The worker that passes each request to the object that its path names. */
export const objectWorker: { fetch(request: Request, env: Env): Promise<Response> } = {
  fetch: (request, { OBJECTS }) => OBJECTS.getByName(new URL(request.url).pathname.split("/")[1] ?? "").fetch(request),
};
