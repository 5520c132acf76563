import { existsSync } from "node:fs";
import { ClosedError, type FailedAttempt, type Row, sameRow, systemClock, type Write } from "@vantage/live";
import { messageOf } from "./bad_input.ts";
import type { Json } from "./json_form.ts";
import { paint } from "./output.ts";
import type { Places } from "./places.ts";
import { LEASE_MS, LOOK_EVERY_MS, type StoredWrites } from "./stored_writes.ts";
import type { Context } from "./verb.ts";
import { Wiring } from "./wiring.ts";
import { writeText } from "./write_view.ts";

/** Options of a {@linkcode Draining}. */
export interface DrainingOptions {
  /** Whether to go on until the master is back. */
  readonly waits?: boolean | undefined;
  /** Ends it: what was not sent stays in the outbox. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of the writes. */
export interface Drained {
  readonly applied: readonly Json[];
  readonly failed: readonly Json[];
  /** How many still wait. */
  readonly waiting: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
/** How long to wait while another process has the right to send. A killed one has lost it by then. */
const OTHERS_MS = 2 * LEASE_MS;

/** Sends what waits in the outbox, and prints what becomes of each write that was there at the beginning, or is seen later. */
export class Draining {
  readonly #places: Places;
  readonly #context: Context;
  readonly #waits: boolean;
  readonly #ending = new AbortController();
  readonly #seen = new Set<string>();
  readonly #applied: Json[] = [];
  readonly #failed: Json[] = [];
  #isAway = false;

  constructor(places: Places, context: Context, { waits = false, signal }: DrainingOptions = {}) {
    this.#places = places;
    this.#context = context;
    this.#waits = waits;
    signal?.addEventListener("abort", () => this.#ending.abort());
  }

  /** Resolves when nothing waits any more, or it was ended; unless it waits for the master, also if that is away. */
  async run(): Promise<Drained> {
    let waiting = 0;
    if (existsSync(this.#places.outbox)) {
      await using wiring = await Wiring.open(this.#places, {
        tracer: this.#context.tracer,
        outbox: "show",
        retry: (attempt) => this.#retry(attempt),
      });
      const { stored, live } = wiring;
      if (stored !== undefined) {
        await this.#follow(wiring, stored);
        await live.close();
        waiting = stored.waiting().length;
      }
    }
    return { applied: this.#applied, failed: this.#failed, waiting };
  }

  async #follow({ live }: Wiring, stored: StoredWrites): Promise<void> {
    const { signal } = this.#ending;
    await stored.shown();
    for (const write of live.pendingWrites()) void this.#report(write);
    live.setOnline(true);
    for (let othersMs = 0; !signal.aborted; othersMs += LOOK_EVERY_MS) {
      const pending = live.pendingWrites();
      for (const write of pending) void this.#report(write);
      if (pending.length > 0) othersMs = 0;
      else if (stored.waiting().length === 0 || (othersMs > OTHERS_MS && !this.#waits)) return;
      await systemClock.wait(LOOK_EVERY_MS, { signal }).catch(() => {});
    }
  }

  /** Prints what becomes of a write, unless it stays in the outbox. */
  async #report({ id, op, applied }: Write): Promise<void> {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const { out } = this.#context;
    const text = writeText(op);
    try {
      const answer = await applied;
      this.#isAway = false;
      const isKept = op.kind === "insert" && typeof answer === "object" && !hasValues(answer, op.row);
      out.line(paint("cyan", "applied "), text, isKept ? ", which existed already: nothing was overwritten" : "");
      this.#applied.push({ id, write: text, outcome: isKept ? "kept" : "applied" });
    } catch (error) {
      if (error instanceof ClosedError) return;
      out.line(paint("red", "failed  "), `${text}: ${messageOf(error)}; kept as write ${id}`);
      this.#failed.push({ id, write: text, message: messageOf(error) });
    }
  }

  #retry({ error, attempts }: FailedAttempt): number {
    const { out } = this.#context;
    if (!this.#waits) this.#ending.abort();
    if (!this.#isAway) out.note(paint("yellow", "waiting "), messageOf(error));
    this.#isAway = true;
    return Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  }
}

function hasValues(row: Row, values: Row): boolean {
  return sameRow(Object.fromEntries(Object.keys(values).map((column) => [column, row[column] ?? null])), values);
}
