import { type LiveHandle, type Rows, TableError } from "@vantage/live";
import { type Json, rowToJson, toJsonForm } from "./json_form.ts";
import type { Happened, Notes } from "./notes.ts";
import { cellText, type Output, paint, type Part } from "./output.ts";
import { effectOn } from "./page_effects.ts";
import { type RowChange, rowChanges } from "./row_changes.ts";
import type { Wiring } from "./wiring.ts";

/** What a {@linkcode Watcher} works with. */
export interface WatcherOptions {
  readonly wiring: Wiring;
  readonly handle: LiveHandle;
  readonly notes: Notes;
  readonly out: Output;
}

/** Reads the rows whenever something happened, and prints what changed. */
export class Watcher {
  readonly #wiring: Wiring;
  readonly #handle: LiveHandle;
  readonly #notes: Notes;
  readonly #out: Output;
  #rows: Rows | undefined;
  #lost = false;

  constructor({ wiring, handle, notes, out }: WatcherOptions) {
    this.#wiring = wiring;
    this.#handle = handle;
    this.#notes = notes;
    this.#out = out;
  }

  /** Handles what happened, and returns how many rows changed. */
  async update({ changed, state }: Happened): Promise<number> {
    if (state === "lost") await this.#printLost();
    if (state === "live") this.#printLive();
    if (!changed && state !== "live") return 0;
    const { live } = this.#wiring;
    const fencedBefore = live.stats().fencedFills;
    const seen = await this.#look();
    // Another user of the cache invalidated the rows while they were read: they are outdated.
    if (live.stats().fencedFills > fencedBefore) this.#notes.change();
    return seen;
  }

  /** A failed read is repeated when something happens next, at the latest after reconnecting. */
  async #look(): Promise<number> {
    try {
      const { live, reads } = this.#wiring;
      const { changes: logged } = await live.explain(this.#handle.listCacheKey);
      const { answer } = await reads.list(this.#handle);
      const changes = this.#rows === undefined ? [] : rowChanges(this.#rows, answer);
      if (this.#rows === undefined) this.#printFirst(answer);
      this.#rows = answer;
      for (const change of changes) this.#printChange(change, effectOn(change.id, logged));
      return changes.length;
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      this.#print({ event: "failed", message: error.message }, paint("red", "failed   "), error.message);
      return 0;
    }
  }

  #printFirst({ size }: Rows): void {
    const { entity } = this.#wiring.places;
    this.#print({ event: "watching", entity, rows: size }, paint("bold", "watching "), `${entity}, ${size} rows`);
  }

  #printChange(change: RowChange, effect: Effect): void {
    const { kind, id } = change;
    const { text, facts } = viewOf(change);
    this.#print(
      { event: kind, id, ...facts, effect },
      paint("cyan", kind.padEnd(9)),
      `${JSON.stringify(id)}${text}`,
      paint("dim", effect === undefined ? "" : `  ${HOW[effect]}`),
    );
  }

  async #printLost(): Promise<void> {
    if (this.#lost) return;
    this.#lost = true;
    const { held, fetchedAt } = await this.#wiring.live.explain(this.#handle.listCacheKey);
    const cachedAt = held && fetchedAt !== undefined ? new Date(fetchedAt) : undefined;
    this.#print(
      { event: "lost", servedFrom: cachedAt?.toISOString() ?? null },
      paint("yellow", "lost     "),
      cachedAt === undefined
        ? "connection lost; nothing is cached"
        : `connection lost; serving what was cached at ${clockTime(cachedAt)}`,
    );
  }

  #printLive(): void {
    if (this.#lost) this.#print({ event: "live" }, paint("green", "live     "), "connected again");
    this.#lost = false;
  }

  #print(document: { readonly [name: string]: Json | undefined }, ...parts: readonly Part[]): void {
    const now = new Date();
    this.#out.record({ at: now.toISOString(), ...document });
    this.#out.line(paint("dim", `${clockTime(now)}  `), ...parts);
  }
}

type Effect = ReturnType<typeof effectOn>;

const HOW: { readonly [effect in NonNullable<Effect>]: string } = {
  "in place": "put in place",
  hole: "read again alone",
  dead: "read again with its page",
  nothing: "",
};

/** The local time of day. */
function clockTime(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

/** The details of a change besides the id: as text, and as JSON. */
function viewOf(change: RowChange): { readonly text: string; readonly facts: { readonly [name: string]: Json } } {
  switch (change.kind) {
    case "added": {
      const values = Object.entries(change.row).map(([column, value]) => `${column} ${cellText(value)}`);
      return { text: `  ${values.join(", ")}`, facts: { row: rowToJson(change.row) } };
    }
    case "changed": {
      const values = change.columns.map(({ column, before, after }) =>
        `${column} ${cellText(before)} -> ${cellText(after)}`
      );
      const columns = change.columns.map(({ column, before, after }) =>
        [column, { before: toJsonForm(before), after: toJsonForm(after) }] as const
      );
      return { text: `  ${values.join(", ")}`, facts: { columns: Object.fromEntries(columns) } };
    }
    case "removed":
      return { text: "", facts: {} };
    default:
      return change satisfies never;
  }
}
