import { checkPort } from "../base/check_port.ts";
import { systemClock } from "../base/clock.ts";
import { FetchedInspection } from "./fetched_inspection.ts";
import { InspectorView } from "./inspector_view.ts";
import type { InspectionSource } from "./recorder.ts";

/** How long a picture stays before the next one is drawn. */
const PERIOD_MS = 500;

/** What `<vantage-inspector>` has besides what every element has. */
export interface InspectorElement {
  /** What it shows; by default what the address in its attribute `src` answers with. */
  source: InspectionSource | undefined;
}

/**
 * Defines `<vantage-inspector>`. It draws at most twice a second, and nothing while it is hidden, closed, scrolled out of sight or
 * paused, or its page is in the background. Where people prefer less motion, it begins paused. It works under a
 * Content-Security-Policy without `unsafe-inline` and `unsafe-eval`, and makes text of data, never HTML. To define it again changes nothing.
 */
export function defineInspector(): void {
  if (customElements.get(NAME) !== undefined) return;
  customElements.define(
    NAME,
    class extends HTMLElement implements InspectorElement {
      static readonly observedAttributes: readonly string[] = ["src"];
      readonly #inspector = new Inspector(this);

      get source(): InspectionSource | undefined {
        return this.#inspector.source;
      }

      set source(source: InspectionSource | undefined) {
        if (source !== undefined) checkPort("source", "a Recorder", source, ["inspect"]);
        this.#inspector.source = source;
      }

      connectedCallback(): void {
        // It may have been set before the element was defined, and would hide the property.
        const early = Object.getOwnPropertyDescriptor(this, "source");
        if (early !== undefined) {
          Reflect.deleteProperty(this, "source");
          this.source = early.value;
        }
        this.#inspector.connect();
      }

      disconnectedCallback(): void {
        this.#inspector.disconnect();
      }

      attributeChangedCallback(_name: string, _before: string | null, src: string | null): void {
        this.source = src === null ? undefined : new FetchedInspection(src);
      }
    },
  );
}

const NAME = "vantage-inspector";

/** Draws what a source has, again and again, while somebody can see it. */
class Inspector {
  readonly #element: HTMLElement;
  readonly #view: InspectorView;
  readonly #review = (): void => this.review();
  readonly #sight = new IntersectionObserver((entries) => {
    this.#isInSight = entries.at(-1)?.isIntersecting ?? false;
    this.review();
  });
  #source: InspectionSource | undefined;
  #isConnected = false;
  #isInSight = false;
  #isOpen = true;
  #follows = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  /** Whether there is a picture of the source. */
  #hasDrawn = false;
  #drawing: AbortController | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#view = new InspectorView(element.attachShadow({ mode: "open" }), {
      onOpen: (isOpen) => {
        this.#isOpen = isOpen;
        this.review();
      },
      onFollow: (follows) => {
        this.#follows = follows;
        this.review();
      },
    });
    this.#view.follows = this.#follows;
  }

  get source(): InspectionSource | undefined {
    return this.#source;
  }

  set source(source: InspectionSource | undefined) {
    this.#drawing?.abort();
    this.#drawing = undefined;
    this.#source = source;
    this.#hasDrawn = false;
    this.review();
  }

  connect(): void {
    this.#isConnected = true;
    this.#sight.observe(this.#element);
    document.addEventListener("visibilitychange", this.#review);
    this.review();
  }

  disconnect(): void {
    this.#isConnected = false;
    this.#sight.disconnect();
    document.removeEventListener("visibilitychange", this.#review);
    this.review();
  }

  /** Begins to draw, or ends it. */
  review(): void {
    const isSeen = this.#isConnected && this.#isInSight && this.#isOpen && document.visibilityState === "visible";
    const source = isSeen && (this.#follows || !this.#hasDrawn) ? this.#source : undefined;
    if (source === undefined) {
      this.#drawing?.abort();
      this.#drawing = undefined;
    } else if (this.#drawing === undefined) {
      this.#drawing = new AbortController();
      void this.#draw(source, this.#drawing.signal);
    }
  }

  /** One picture after the other; a paused inspector draws one. */
  async #draw(source: InspectionSource, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#drawOnce(source, signal);
      if (signal.aborted) return;
      this.#hasDrawn = true;
      this.review();
      await systemClock.wait(PERIOD_MS, { signal, background: true }).catch(() => {});
    }
  }

  async #drawOnce(source: InspectionSource, signal: AbortSignal): Promise<void> {
    try {
      const inspection = await source.inspect();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (!signal.aborted) this.#view.show(inspection);
    } catch (error) {
      // Its text may quote anything.
      if (!signal.aborted) {
        this.#view.complain(`Nothing new can be shown: ${error instanceof Error ? error.name : "it failed"}`);
      }
    }
  }
}
