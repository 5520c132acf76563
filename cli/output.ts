import type { Value } from "@vantage/live";
import { type Json, toJsonForm } from "./json_form.ts";
import { cut, visible, visibleJson, widthOf } from "./visible.ts";

/** Receives text: standard output, standard error, or a stand-in. */
export interface Sink {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What an {@linkcode Output} works with. */
export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Whether to print a JSON document and nothing else. */
  readonly json: boolean;
  /** The environment variables, of which `NO_COLOR` and `TERM` are read. */
  readonly env: { readonly [name: string]: string | undefined };
}

/** Text in a colour; plain text where it is not printed to a terminal. */
export interface Painted {
  readonly colour: Colour;
  readonly text: string;
}

/** A part of a line. Only a colour named here reaches a terminal; escape sequences in the text are made visible. */
export type Part = string | Painted;

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** The supported colours. */
export type Colour = keyof typeof COLOURS;

export function paint(colour: Colour, text: string): Painted {
  return { colour, text };
}

interface TableColumn {
  readonly width: number;
  readonly right: boolean;
}

/** The space between two columns of a table. */
const GAP = "  ";
/** Longer cells are cut; `--json` prints them whole. */
const MAX_CELL_WIDTH = 40;

/** The output of the demo: lines for people, or one document at the end for programs. */
export class Output {
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Prints a line for people on standard output; nothing with `--json`. */
  line(...parts: readonly Part[]): void {
    if (!this.#options.json) this.#write(this.#options.stdout, parts);
  }

  /** Prints a line that is not part of the result: on standard error with `--json`. */
  note(...parts: readonly Part[]): void {
    this.#write(this.#options.json ? this.#options.stderr : this.#options.stdout, parts);
  }

  /** Prints a line on standard error. */
  error(...parts: readonly Part[]): void {
    this.#write(this.#options.stderr, parts);
  }

  /** Prints rows under their headings, with aligned columns and numbers to the right. */
  table(headings: readonly string[], rows: readonly (readonly Value[])[]): void {
    if (this.#options.json) return;
    const cells = rows.map((row) => row.map((value) => cut(visible(cellText(value)), MAX_CELL_WIDTH)));
    const columns = headings.map((heading, index): TableColumn => ({
      width: cells.reduce((width, row) => Math.max(width, widthOf(row[index] ?? "")), widthOf(visible(heading))),
      right: rows.length > 0 && rows.every((row) => isNumber(row[index] ?? null)),
    }));
    this.line(paint("bold", aligned(headings.map(visible), columns)));
    // Written directly: the cells are visible already, and there may be a million rows.
    this.#options.stdout.write(cells.map((row) => `${aligned(row, columns)}\n`).join(""));
  }

  /** Prints the answer as a document, with `--json`. */
  document(document: Json): void {
    if (!this.#options.json) return;
    this.#options.stdout.write(`${visibleJson(JSON.stringify(document, undefined, 2))}\n`);
  }

  /** Prints one of several documents, with `--json`: each on its own line, so that they can be read as a stream. */
  record(document: Json): void {
    if (this.#options.json) this.#options.stdout.write(`${visibleJson(JSON.stringify(document))}\n`);
  }

  /** Prints a text that the next one replaces, if standard error is a terminal. */
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

/** Formats a value for people. */
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
