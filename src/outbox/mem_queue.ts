import { type Lease, leaseAfter, type LeaseRequest } from "./lease.ts";
import { toFailure } from "./failure.ts";
import { MemAnswers, shareAnswer } from "./mem_answers.ts";
import { MemEntries } from "./mem_entries.ts";
import type { OutboxEntry, OutboxMark, StoredWrite } from "./outbox.ts";
import type { OutboxLimits } from "./outbox_bounds.ts";
import { idConflict } from "./stored_write.ts";

/** One queue of a `MemOutbox`. */
export class MemQueue {
  readonly entries: MemEntries = new MemEntries();
  readonly answers: MemAnswers;
  #lease: Lease | undefined;

  constructor(limits: OutboxLimits) {
    this.answers = new MemAnswers(limits);
  }

  /** Whether it holds nothing that anybody may ask for. */
  get isUnused(): boolean {
    return this.entries.size === 0 && this.answers.size === 0 && this.#lease === undefined;
  }

  /** Adds writes from a position on; throws, and adds none, if one of their ids is there. */
  append(writes: readonly StoredWrite[], position: number): void {
    const ids = new Set<string>();
    for (const write of writes) {
      if (ids.has(write.id) || this.entries.get(write.id) !== undefined) throw idConflict(write);
      ids.add(write.id);
    }
    writes.forEach((write, at) => {
      const realId = this.answers.realIdOf(write.rowId);
      const known = realId === undefined ? {} : { realId };
      this.entries.add({ position: position + at, write, attempts: 0, state: "accepted", ...known });
    });
  }

  lease(request: LeaseRequest, nextTerm: number): number | undefined {
    const lease = leaseAfter(this.#lease, request, nextTerm);
    if (lease !== undefined) this.#lease = lease;
    return lease?.term;
  }

  release(term: number): void {
    if (this.#lease?.term === term) this.#lease = undefined;
  }

  mark(term: number, marks: readonly OutboxMark[], now: number): boolean {
    const lease = this.#lease;
    if (lease?.term !== term || !marks.every((mark) => this.#canMark(mark))) return false;
    for (const mark of marks) {
      const entry = this.entries.get(mark.id);
      if (entry !== undefined) this.#mark(entry, mark, { holder: lease.holder, now });
    }
    return true;
  }

  remove(id: string): boolean {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.state === "sent") return false;
    this.entries.remove(id);
    return true;
  }

  retry(id: string, position: number): boolean {
    const entry = this.entries.get(id);
    if (entry?.state !== "failed") return false;
    const { failure: _, ...rest } = entry;
    this.entries.remove(id);
    this.entries.add({ ...rest, position, state: "accepted" });
    return true;
  }

  #canMark({ kind, id }: OutboxMark): boolean {
    const state = this.entries.get(id)?.state;
    return kind !== "sent" || state === "accepted" || state === "sent";
  }

  #mark(entry: OutboxEntry, mark: OutboxMark, { holder, now }: { holder: string; now: number }): void {
    const { id, rowId, acceptedBy } = entry.write;
    const to = { holder: acceptedBy === holder ? undefined : acceptedBy, rowId, at: now };
    switch (mark.kind) {
      case "sent":
        return this.entries.update({ ...entry, state: "sent", attempts: entry.attempts + 1 });
      case "returned":
        return entry.state === "sent" ? this.entries.update({ ...entry, state: "accepted" }) : undefined;
      case "failed":
        this.answers.add({ ...to, answer: { id, failure: toFailure(mark.failure) } });
        return this.entries.update({ ...entry, state: "failed", failure: toFailure(mark.failure) });
      case "answered":
        this.entries.remove(id);
        if (to.holder !== undefined || mark.realId !== undefined) {
          this.answers.add({ ...to, answer: shareAnswer(mark) });
        }
        if (mark.realId !== undefined && rowId !== undefined) this.#setRealId(rowId, mark.realId);
        return;
      default:
        mark satisfies never;
    }
  }

  #setRealId(rowId: string, realId: string): void {
    for (const entry of this.entries.ofRow(rowId)) this.entries.update({ ...entry, realId });
  }
}
