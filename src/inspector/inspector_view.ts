import { type Child, html } from "./elements.ts";
import { entryPicture } from "./entry_picture.ts";
import type { Inspection } from "./inspection.ts";
import { queuePicture } from "./queue_picture.ts";
import { readPictures } from "./read_picture.ts";
import { servedPicture } from "./served_picture.ts";
import { streamPicture } from "./stream_picture.ts";
import { STYLE } from "./style.ts";

/** What can be done with the controls. */
export interface InspectorControls {
  /** The pictures are opened or closed. */
  readonly onOpen: (isOpen: boolean) => void;
  /** The pictures are to follow what happens, or to stay. */
  readonly onFollow: (follows: boolean) => void;
}

/**
 * What an inspector shows. Controls are made once, so that they keep the focus; pictures are made anew with each inspection.
 * Texts of the data become text nodes.
 */
export class InspectorView {
  readonly #tables = html("select");
  readonly #entries = html("select");
  readonly #follow = html("button", { type: "button" });
  readonly #open = html("button", { type: "button", "aria-controls": "pictures" });
  readonly #status = html("p", { role: "status" });
  readonly #served = html("div");
  readonly #queue = html("div", scrolling("The queue"));
  readonly #entry = html("div", scrolling("The life of an entry"));
  readonly #reads = html("div", scrolling("The last reads"));
  readonly #stream = html("div", scrolling("The stream"));
  readonly #pictures: HTMLElement;
  #isOpen = true;
  #follows = true;
  #last: Inspection | undefined;

  constructor(root: ShadowRoot, controls: InspectorControls) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE); // A style element would break a strict Content-Security-Policy.
    root.adoptedStyleSheets = [sheet];
    this.#pictures = html(
      "div",
      { id: "pictures" },
      section("Served", this.#served),
      section("Writes", this.#queue),
      section("Entries", html("label", {}, "Entry ", this.#entries), this.#entry),
      section("Reads of the master", this.#reads),
      section("Stream", this.#stream),
    );
    const heading = html("h2", { id: "heading" }, "Live tables");
    const header = html("header", {}, heading, html("label", {}, "Table ", this.#tables), this.#follow, this.#open);
    root.append(
      html("div", { role: "region", "aria-labelledby": "heading" }, header, this.#status, this.#pictures),
    );
    this.#tables.addEventListener("change", () => this.#draw());
    this.#entries.addEventListener("change", () => this.#draw());
    this.#follow.addEventListener("click", () => {
      this.follows = !this.#follows;
      controls.onFollow(this.#follows);
    });
    this.#open.addEventListener("click", () => {
      this.#setOpen(!this.#isOpen);
      controls.onOpen(this.#isOpen);
    });
    this.#setOpen(true);
    this.follows = true;
  }

  /** Whether it is shown that the pictures follow what happens. */
  set follows(follows: boolean) {
    this.#follows = follows;
    this.#follow.textContent = follows ? "Pause" : "Follow";
  }

  /** Shows an inspection. */
  show(inspection: Inspection): void {
    this.#last = inspection;
    this.#say("");
    this.#draw();
  }

  /** Says that there is nothing new, and why; what was shown stays. */
  complain(problem: string): void {
    this.#say(problem);
  }

  #setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#pictures.hidden = !isOpen;
    this.#open.textContent = isOpen ? "Hide" : "Show";
    this.#open.setAttribute("aria-expanded", String(isOpen));
  }

  /** Each text is said once. */
  #say(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  #draw(): void {
    if (this.#last === undefined) return;
    const { at, tables } = this.#last;
    offer(this.#tables, tables.map(({ name }) => name));
    const table = tables.find(({ name }) => name === this.#tables.value);
    if (table === undefined) return this.#drawNothing();
    offer(this.#entries, table.entries.map(({ key }) => key));
    const entry = table.entries.find(({ key }) => key === this.#entries.value);
    this.#served.replaceChildren(...servedPicture(table, at));
    this.#queue.replaceChildren(...queuePicture(table));
    this.#entry.replaceChildren(
      ...(entry === undefined ? [html("p", {}, "No entry was used.")] : entryPicture(entry, at)),
    );
    this.#reads.replaceChildren(...readPictures(table));
    this.#stream.replaceChildren(...streamPicture(table, at));
  }

  #drawNothing(): void {
    this.#say("No table is attached.");
    for (const place of [this.#served, this.#queue, this.#entry, this.#reads, this.#stream]) place.replaceChildren();
    offer(this.#entries, []);
  }
}

function section(name: string, ...children: readonly Child[]): HTMLElement {
  return html("section", {}, html("h3", {}, name), ...children);
}

/** What may be too long for its place can be scrolled by keyboard. */
function scrolling(label: string): { readonly [name: string]: string } {
  return { class: "scroll", tabindex: "0", role: "group", "aria-label": label };
}

/** Offers these values. What was chosen stays chosen while it is among them. */
function offer(select: HTMLSelectElement, values: readonly string[]): void {
  const chosen = select.value;
  const offered = Array.from(select.options, ({ value }) => value);
  if (offered.length === values.length && values.every((value) => offered.includes(value))) return;
  select.replaceChildren(...values.map((value) => html("option", { value }, value)));
  if (values.includes(chosen)) select.value = chosen;
}
