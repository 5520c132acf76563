/**
 * A WebSocket that gives each message in a task of its own, as the standard says. That of Node gives all that a packet holds
 * in one, of which surrealdb 2.0.8 loses all messages of a live query but the first.
 */
export class SeparateWebSocket extends WebSocket {
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject): void {
    if (type !== "message" || typeof listener !== "function") return super.addEventListener(type, listener);
    let before: Promise<unknown> = Promise.resolve();
    super.addEventListener(type, (event) => {
      before = before.then(() => new Promise((resolve) => setTimeout(resolve))).then(() => listener(event));
    });
  }
}
