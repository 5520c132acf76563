/** What is called when the page is put aside, and when it is shown again. */
export interface PageLife {
  readonly onHide: () => void;
  readonly onShow: () => void;
}

/**
 * Follows the life of the page that this runs in; returns how to stop. A page that its user leaves may be kept, to be shown
 * again at once if they come back: a connection would keep it from that, or outlive it. Anywhere else nothing is called.
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
