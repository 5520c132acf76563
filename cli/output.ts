import type { Value } from "@vantage/live";
import { type Json, toJsonForm } from "./json_form.ts";
import { cut, visible, visibleJson, widthOf } from "./visible.ts";

/** Where text goes: standard output, standard error, or a stand-in. */
export interface Sink {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Takes the text. */
  write(text: string): unknown;
}

/** What an {@linkcode Output} works with. */
export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Whether the answer is one JSON document and nothing else. */
  readonly json: boolean;
  /** The variables of the environment: `NO_COLOR` and `TERM` are read. */
  readonly env: { readonly [name: string]: string | undefined };
}

/** Text in a colour; on what is no terminal, just text. */
export interface Painted {
  readonly colour: Colour;
  readonly text: string;
}

/** What a line is made of. Only a colour named here reaches a terminal; those in the text itself are made visible. */
export type Part = string | Painted;

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** The colours there are. */
export type Colour = keyof typeof COLOURS;

/** A text in a colour. */
export function paint(colour: Colour, text: string): Painted {
  return { colour, text };
}

interface TableColumn {
  readonly width: number;
  readonly right: boolean;
}

/** Two columns of a table are this far apart. */
const GAP = "  ";
/** A cell for people is cut here; `--json` gives all of it. */
const MAX_CELL_WIDTH = 40;

/** Where the demo speaks: for people line by line, or for programs as one document at the end. */
export class Output {
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** One line for people on standard output; none with `--json`. */
  line(...parts: readonly Part[]): void {
    if (!this.#options.json) this.#write(this.#options.stdout, parts);
  }

  /** One line for people that a program must not see: on standard error with `--json`. */
  note(...parts: readonly Part[]): void {
    this.#write(this.#options.json ? this.#options.stderr : this.#options.stdout, parts);
  }

  /** One line on standard error. */
  error(...parts: readonly Part[]): void {
    this.#write(this.#options.stderr, parts);
  }

  /** The rows under their headings, columns aligned, numbers to the right. */
  table(headings: readonly string[], rows: readonly (readonly Value[])[]): void {
    if (this.#options.json) return;
    const cells = rows.map((row) => row.map((value) => cut(visible(cellText(value)), MAX_CELL_WIDTH)));
    const columns = headings.map((heading, index): TableColumn => ({
      width: cells.reduce((width, row) => Math.max(width, widthOf(row[index] ?? "")), widthOf(visible(heading))),
      right: rows.length > 0 && rows.every((row) => isNumber(row[index] ?? null)),
    }));
    this.line(paint("bold", aligned(headings.map(visible), columns)));
    // Everything in it is visible already, and there may be a million rows.
    this.#options.stdout.write(cells.map((row) => `${aligned(row, columns)}\n`).join(""));
  }

  /** The answer as a document, with `--json`. */
  document(document: Json): void {
    if (!this.#options.json) return;
    this.#options.stdout.write(`${visibleJson(JSON.stringify(document, undefined, 2))}\n`);
  }

  /** One document of several, with `--json`: on a line of its own, so that it can be read as it comes. */
  record(document: Json): void {
    if (this.#options.json) this.#options.stdout.write(`${visibleJson(JSON.stringify(document))}\n`);
  }

  /** A text that is replaced by the next one, on standard error if that is a terminal. */
  progress(text: string): void {
    if (this.#options.stderr.isTTY === true) this.#options.stderr.write(`\r${visible(text)}`);
  }

  #write(sink: Sink, parts: readonly Part[]): void {
    const coloured = this.#colours(sink);
    const texts = parts.map((part) => {
      if (typeof part === "string") return visible(part);
      return coloured && part.text !== ""
        ? `\u001b[${COLOURS[part.colour]}m${visible(part.text)}\u001b[0m`
        : visible(part.text);
    });
    sink.write(`${texts.join("")}\n`);
  }

  #colours({ isTTY }: Sink): boolean {
    const { NO_COLOR = "", TERM } = this.#options.env;
    return isTTY === true && NO_COLOR === "" && TERM !== "dumb";
  }
}

/** A value for people. */
export function cellText(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  return typeof value === "object" && value !== null ? JSON.stringify(toJsonForm(value)) : String(value);
}

function isNumber(value: Value): boolean {
  return value === null || typeof value === "number" || typeof value === "bigint";
}

function aligned(texts: readonly string[], columns: readonly TableColumn[]): string {
  return columns.map((column, index) => pad(texts[index] ?? "", column)).join(GAP).trimEnd();
}

function pad(text: string, { width, right }: TableColumn): string {
  const room = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? room + text : text + room;
}
