/** Called when the page is left (`pagehide`), and when it is shown again (`pageshow`). */
export interface PageLife {
  readonly onHide: () => void;
  readonly onShow: () => void;
  /** Called when the page may have been asleep: it is shown, visible or resumed again. */
  readonly onWake?: (() => void) | undefined;
}

/**
 * Calls back when the page that this runs in is left and shown again, and returns a function that stops it. An open
 * connection would keep a page out of the back/forward cache, or outlive it. Outside a page, nothing is called.
 */
export function followPage({ onHide, onShow, onWake }: PageLife): () => void {
  const { document } = globalThis as { readonly document?: EventTarget | undefined };
  if (document === undefined || !("addEventListener" in globalThis)) return () => {};
  const listeners: (readonly [target: EventTarget, name: string, listener: () => void])[] = [
    [globalThis, "pagehide", onHide],
    [globalThis, "pageshow", onShow],
  ];
  if (onWake !== undefined) {
    listeners.push([globalThis, "pageshow", onWake], [document, "visibilitychange", onWake], [
      document,
      "resume",
      onWake,
    ]);
  }
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
  };
}

/** Whether this runs in a page that cannot be seen. */
export function isPageHidden(): boolean {
  const { document } = globalThis as { readonly document?: { readonly visibilityState?: unknown } | undefined };
  return document?.visibilityState === "hidden";
}
