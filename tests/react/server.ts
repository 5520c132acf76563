/** What a server does for each request. It is bundled with either version of React. */
import { createElement as h } from "react";
import { renderToReadableStream } from "react-dom/server.browser";
import { LiveTable, MemCache, type TableLike } from "@vantage/live";
import { dehydrate } from "@vantage/live/hydration";
import { App } from "./app.ts";

/** What is sent to the browser, and what was logged meanwhile. */
export interface Rendered {
  readonly html: string;
  readonly state: string;
  readonly errors: readonly string[];
}

/** Renders the application for one request, with a table that no other request has. */
export async function render(master: TableLike): Promise<Rendered> {
  await using table = new LiveTable(master, "products", new MemCache());
  // What does not wait while it is rendered is read before.
  await Promise.allSettled([table.observeRow("a").ready(), table.page(1).observe().ready()]);
  const errors: string[] = [];
  const onError = (error: unknown): void => void errors.push((error as Error).message);
  const stream = await renderToReadableStream(h(App, { table }), { onError });
  await stream.allReady;
  const html = await new Response(stream).text();
  return { html, state: dehydrate(table), errors };
}
