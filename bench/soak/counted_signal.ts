/** A signal that is never aborted, and counts its listeners. */
export class CountedSignal extends EventTarget implements AbortSignal {
  readonly aborted = false;
  readonly reason: unknown = undefined;
  onabort: AbortSignal["onabort"] = null;
  listenerCount = 0;
  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listenerCount++;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listenerCount--;
    super.removeEventListener(...args);
  }
  throwIfAborted(): void {}
}
