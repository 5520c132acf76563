/** Called when the page is left (`pagehide`), and when it is shown again (`pageshow`). */
export interface PageLife {
  readonly onHide: () => void;
  readonly onShow: () => void;
}

/**
 * Calls back when the page that this runs in is left and shown again, and returns a function that stops it. An open
 * connection would keep a page out of the back/forward cache, or outlive it. Outside a page, nothing is called.
 */
export function followPage({ onHide, onShow }: PageLife): () => void {
  if (!("document" in globalThis && "addEventListener" in globalThis)) return () => {};
  globalThis.addEventListener("pagehide", onHide);
  globalThis.addEventListener("pageshow", onShow);
  return () => {
    globalThis.removeEventListener("pagehide", onHide);
    globalThis.removeEventListener("pageshow", onShow);
  };
}
