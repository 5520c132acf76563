/// <reference lib="dom" />
/** What a user does, in any browser that can be asked to evaluate a script. Each function is sent as its own text. */
import type { Tab } from "../browser/tabs.ts";

type Value = string | number | boolean;

async function inPage<T>(tab: Tab, act: (...values: never[]) => Promise<T>, ...values: readonly Value[]): Promise<T> {
  const text = values.map((value) => JSON.stringify(value)).join();
  return await tab.ask(`(${act})(${text})`) as T; // what the function gives
}

/** Resolves once the list with the module shows the row at a place; gives its id's price label. */
export function rowAt(tab: Tab, place: number): Promise<string> {
  return inPage(tab, async (place: number) => {
    const cell = (): HTMLInputElement | null =>
      document.querySelector(
        `[aria-label="Products with the module"] [aria-rowindex="${place}"] [data-column="price"]`,
      );
    while (cell() === null) await new Promise((resolve) => setTimeout(resolve, 20));
    return cell()?.ariaLabel ?? "";
  }, place);
}

/** Scrolls the list with the module, and resolves once the row is there. */
export async function scrollTo(tab: Tab, place: number): Promise<void> {
  await inPage(tab, (place: number) => {
    const rows = document.querySelector('[aria-label="Products with the module"]');
    const scroller = rows?.parentElement;
    if (scroller) scroller.scrollTop = (place - 1) * 44;
    return Promise.resolve();
  }, place);
  await rowAt(tab, place);
}

/** Types a value into a cell and presses Enter. */
export function edit(tab: Tab, label: string, value: number): Promise<void> {
  return inPage(
    tab,
    async (label: string, value: number) => {
      const cell = document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`);
      if (cell === null) throw new Error(`There is no cell ${label}`);
      cell.focus();
      // React notices what its own property does not see.
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(cell, String(value));
      cell.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve));
      cell.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    },
    label,
    value,
  );
}

/** Resolves once a cell shows a value. */
export function shows(tab: Tab, label: string, value: number): Promise<void> {
  return inPage(
    tab,
    async (label: string, value: string) => {
      const cell = (): HTMLInputElement | null => document.querySelector(`input[aria-label="${label}"]`);
      while (cell()?.value !== value) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    label,
    String(value),
  );
}

/** Resolves once so many writes are not saved. */
export function pending(tab: Tab, count: number): Promise<void> {
  return inPage(tab, async (count: string) => {
    const shown = (): string | undefined => document.querySelector<HTMLElement>("[data-pending]")?.dataset.pending;
    while (shown() !== count) await new Promise((resolve) => setTimeout(resolve, 20));
  }, String(count));
}

/** Sets a switch, by the text of its label. */
export function turn(tab: Tab, text: string, on: boolean): Promise<void> {
  return inPage(
    tab,
    async (text: string, on: boolean) => {
      const find = (): HTMLInputElement | undefined =>
        [...document.querySelectorAll<HTMLInputElement>('[role="switch"]')].find(({ parentElement }) =>
          parentElement?.textContent?.includes(text)
        );
      while (find() === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      if (find()?.checked !== on) find()?.click();
    },
    text,
    on,
  );
}

/** Resolves once what the list with the module says about itself has a part. */
export function says(tab: Tab, part: string): Promise<void> {
  return inPage(tab, async (part: string) => {
    const text = (): string => document.querySelector(".status")?.textContent ?? "";
    while (!text().includes(part)) await new Promise((resolve) => setTimeout(resolve, 20));
  }, part);
}

/** Scrolls to the inspector, and resolves once it has drawn a text. */
export function inspects(tab: Tab, part: string): Promise<void> {
  return inPage(tab, async (part: string) => {
    const inspector = document.querySelector("vantage-inspector");
    inspector?.scrollIntoView();
    while (!inspector?.shadowRoot?.textContent?.includes(part)) await new Promise((resolve) => setTimeout(resolve, 20));
  }, part);
}

/** Notes each value that a cell shows, frame by frame, and what it shows when a write leaves. */
export function sample(tab: Tab, label: string): Promise<void> {
  return inPage(tab, (label: string) => {
    const seen: string[] = [];
    const left: string[] = [];
    const value = (): string | undefined =>
      document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)?.value;
    const look = (): void => {
      const shown = value() ?? "nothing";
      if (seen.at(-1) !== shown) seen.push(shown);
      requestAnimationFrame(look);
    };
    look();
    const send = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      if (init?.method !== undefined && init.method !== "GET") left.push(value() ?? "nothing");
      return send(input, init);
    };
    Object.assign(globalThis, { sampled: { seen, left } });
    return Promise.resolve();
  }, label);
}

/** What was noted: the values one after the other, and those at the time when requests left. */
export function sampled(tab: Tab): Promise<{ readonly seen: readonly string[]; readonly left: readonly string[] }> {
  return inPage(tab, () => Promise.resolve((globalThis as unknown as { readonly sampled: never }).sampled));
}
