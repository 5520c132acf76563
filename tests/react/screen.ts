/// <reference lib="dom" />
/** What the cases for React work with: a real root in a real page, and a table whose every part can be counted. */
import { Component, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { LiveTable, type LiveTableOptions, MemCache, MemTable, type Row } from "@vantage/live";
import { FakeClock, FaultyTable } from "@vantage/live/testing";

/** A case: it is done, or throws. */
export type Cases = Readonly<Record<string, () => Promise<void>>>;

/** A table of products, over a master that counts. */
export interface Shop extends AsyncDisposable {
  readonly table: LiveTable;
  readonly master: FaultyTable;
  /** The same rows, past the table: what others change. */
  readonly rows: MemTable;
  readonly clock: FakeClock;
  /** How often the master was read for lists. */
  readonly lists: number;
}

/** Products `a`, `b` and `c` that cost 1, 2 and 3, or so many that are called `p0`, `p1`, … */
export function openShop(options: LiveTableOptions = {}, size?: number): Shop {
  const ids = size === undefined ? ["a", "b", "c"] : Array.from({ length: size }, (_, at) => `p${at}`);
  const rows = new MemTable("products", {
    rows: ids.map((id, at): [string, Row] => [id, { name: id, price: at + 1 }]),
  });
  const master = new FaultyTable(rows);
  const clock = new FakeClock();
  const table = new LiveTable(master, "products", new MemCache(), { clock, ...options });
  return {
    table,
    master,
    rows,
    clock,
    get lists() {
      return master.plan.count("listValues");
    },
    [Symbol.asyncDispose]: () => table.close(),
  };
}

/** A part of the page that React draws. */
export interface Screen extends Disposable {
  readonly element: HTMLElement;
  /** What can be read there. */
  readonly text: string;
  draw(node: ReactNode): void;
  /** Each text that was there, from now on, whether or not it was painted. */
  record(): readonly string[];
}

/** An empty part of the page; or `element`, which has what a server has rendered. */
export function openScreen(element: HTMLElement = document.createElement("div"), root?: Root): Screen {
  document.body.append(element);
  const drawing = root ?? createRoot(element);
  return {
    element,
    get text() {
      return seenIn(element);
    },
    draw: (node) => drawing.render(node),
    record: () => {
      const texts = [seenIn(element)];
      const look = (): void => void (texts.at(-1) === seenIn(element) || texts.push(seenIn(element)));
      new MutationObserver(look).observe(element, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
      return texts;
    },
    [Symbol.dispose]: () => {
      drawing.unmount();
      element.remove();
    },
  };
}

/** The text that is visible: React hides what it keeps behind a fallback. */
function seenIn(element: Element): string {
  return Array.from(element.childNodes, (node) => {
    if (!(node instanceof HTMLElement)) return node.textContent ?? "";
    return node.style.display === "none" ? "" : seenIn(node);
  }).join("");
}

/** Resolves once it is true; rejects if it never is. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (const limit = performance.now() + 10_000; !isTrue();) {
    if (performance.now() > limit) throw new Error(`It never came: ${what}`);
    await frame();
  }
}

/** Resolves once nothing more is going to happen by itself: React works in tasks, which some frames give time for. */
export async function quiet(): Promise<void> {
  for (let frames = 0; frames < 4; frames++) await frame();
}

function frame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** Shows what its children have thrown, until `key` is another one. */
export class Boundary extends Component<{ readonly children?: ReactNode }> {
  override state: { readonly error?: unknown } = {};

  static getDerivedStateFromError(error: unknown): object {
    return { error };
  }

  override render(): ReactNode {
    return "error" in this.state ? `thrown: ${(this.state.error as Error).message}` : this.props.children;
  }
}
