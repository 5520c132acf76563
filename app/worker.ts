/** Keeps the page's own files, so that the page opens while its server is away. What the tables hold is in IndexedDB. */

/** The little that is used of a service worker; the names of its events are those of no window. */
interface Worker {
  readonly caches: CacheStorage;
  addEventListener(type: "install" | "fetch", listener: (event: WorkerEvent) => void): void;
  skipWaiting(): Promise<void>;
}

interface WorkerEvent {
  readonly request: Request;
  waitUntil(done: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

const FILES: readonly string[] = ["/", "/page.js", "/page.css", "/icon.svg"];

const worker = globalThis as unknown as Worker; // No type of Deno has the events of a service worker.

worker.addEventListener("install", (event) => event.waitUntil(Promise.all([keepAll(), worker.skipWaiting()])));
worker.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (FILES.includes(pathname)) event.respondWith(newest(event.request));
});

async function keepAll(): Promise<void> {
  await (await worker.caches.open("page")).addAll([...FILES]);
}

/** The server's file, or the kept one if there is no answer. */
async function newest(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await worker.caches.open("page")).put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await worker.caches.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}
