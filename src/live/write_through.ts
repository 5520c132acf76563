import type { Clock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { guardedCall } from "../base/guarded_call.ts";
import { newId } from "../base/new_id.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Fence } from "../cache/cache.ts";
import type { Write } from "../queue/write.ts";
import {
  applyWriteOp,
  describeWriteOp,
  shareWriteOp,
  toWriteOp,
  type WriteAnswer,
  type WriteOp,
} from "../queue/write_op.ts";
import type { QueuedWrite } from "../queue/queued_write.ts";
import { Drain } from "../outbox/drain.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { failureOf } from "../outbox/write_failure.ts";
import type { PauseReason } from "../queue/resting.ts";
import type { RowIds } from "../queue/row_ids.ts";
import { WriteQueue } from "../queue/write_queue.ts";
import type { WriteRequest } from "../queue/write_request.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import { checkCallOptions } from "../table/call_options.ts";
import { TableError, UnavailableError } from "../table/errors.ts";
import { handlesNotFound } from "../table/handled_refusal.ts";
import type { Row } from "../table/row.ts";
import { bothNarrowings, isNarrowed, isUnlimited, type Query } from "../table/query.ts";
import type { CallOptions, Capabilities, TableLike, WriteOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Changes } from "./changes.ts";
import { type FailedWrite, failedWrite } from "./failed_write.ts";
import type { Intents } from "./intents.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { Observed } from "./observed.ts";
import type { Overlay } from "./overlay.ts";
import { canReadBack, mayRepeat, type ReadBack, readBack } from "./read_back.ts";
import { isUnreachable, isWithoutEffect } from "./write_errors.ts";
import { eventOf } from "./write_change.ts";
import type { CallFor, WriteCall } from "./write_call.ts";
import type { WriteJudge } from "./write_judge.ts";
import { type Owner, Sending, waitedFor, writeWaitedFor } from "./sending.ts";
import { SharedWrites } from "./shared_writes.ts";

/** What a {@linkcode WriteThrough} works with. */
export interface WriteThroughOptions {
  readonly master: Master;
  /** Where writes go instead of the master. */
  readonly writeTarget: TableLike | undefined;
  readonly queueCapacity: number;
  readonly waitingCapacity: number;
  readonly writeConcurrency: number;
  /** How long one attempt may take. */
  readonly writeTimeoutMs: number;
  readonly judge: WriteJudge;
  /** The ids that the master has given to rows. */
  readonly rowIds: RowIds;
  /** Where writes are kept until they are answered, if they are. */
  readonly outbox: OutboxUse | undefined;
  readonly onWriteFailed: ((failed: FailedWrite) => void) | undefined;
  /** Called when other writes have failed, or do not count as failed any more. */
  readonly onFailures: () => void;
  readonly changes: Changes;
  /** The log of the scope. */
  readonly intents: Intents;
  /** The row as the cache has it now, if it has it in a list. */
  readonly rowOf: (id: string) => MaybePromise<Row | undefined>;
  /** The writes that are shown before they are settled. */
  readonly overlay: Overlay | undefined;
  /** The changes that have been recorded. */
  readonly observed: Observed;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** A queue of an outbox. */
export interface OutboxUse {
  readonly outbox: Outbox;
  readonly name: string;
  readonly leaseMs: number;
}

/** What is a span, where there is a tracer: a write from its call to its answer, and the master's work on it. */
interface WriteCalls {
  write(op: WriteOp, enqueue: () => Promise<WriteAnswer>): Promise<WriteAnswer>;
  apply(op: WriteOp, ask: () => Promise<WriteAnswer>): Promise<WriteAnswer>;
}

/**
 * Writes through a queue to the master, or to the write target. Each write is sent on its own: master, then the change,
 * then the answer, in that order. So the caller that has the answer reads what was written.
 */
export class WriteThrough implements Owner {
  readonly #options: WriteThroughOptions;
  readonly #queue: WriteQueue;
  readonly #deadline: Deadline;
  readonly #drain: Drain | undefined;
  readonly #spans: WriteCalls;
  readonly #shared: SharedWrites;
  #writeIdPrefix: string | undefined;
  #lastWriteNumber = 0;

  constructor(options: WriteThroughOptions) {
    const { clock, judge, writeTimeoutMs, overlay } = options;
    this.#options = options;
    const calls: WriteCalls = { write: (_op, enqueue) => enqueue(), apply: (_op, ask) => ask() };
    this.#spans = options.trace?.spans(calls) ?? calls;
    const late = (): Error => new UnavailableError(`The master has not answered within ${writeTimeoutMs} ms`);
    this.#deadline = new Deadline(clock, writeTimeoutMs, { late });
    this.#shared = new SharedWrites({ target: (within) => this.#target(within), callFor: this.#callFor });
    this.#drain = options.outbox && new Drain({
      ...options.outbox,
      queue: () => this.#queue,
      onAnsweredElsewhere: (write, answer) => this.#answeredElsewhere(write, answer),
      onError: (error) => this.outboxFailed(error),
      clock,
    });
    this.#queue = new WriteQueue({
      journal: this.#drain,
      rowIds: options.rowIds,
      capacity: options.queueCapacity,
      waitingCapacity: options.waitingCapacity,
      concurrency: options.writeConcurrency,
      sharing: (write) => this.#shared.sharing(write),
      together: (writes) => this.#shared.begin(writes),
      send: (write) => this.#shared.attempt(write, (call) => this.#send(write, call)),
      judge: (write, error, sinceMs) =>
        judge.judge(write, { error, sinceMs }, () => this.#target(write.request.within)),
      failed: (write, error) => this.#failed(write, error),
      accepted: overlay && ((write) => this.#show(write, overlay)),
      ended: overlay && (({ id }, error) => overlay.failed(id, !isWithoutEffect(error))),
      observe: ({ place }) => options.observed.when(place),
      clock,
    });
  }

  /** The master's name. */
  get tableName(): string {
    return this.#options.master.tableName;
  }

  /** The name of the queue in the outbox, if there is one. */
  get outboxQueue(): string | undefined {
    return this.#options.outbox?.name;
  }

  /** How many writes are queued or in flight. */
  get size(): number {
    return this.#queue.size;
  }

  /** When the first of them was accepted, in milliseconds since the epoch; `undefined` if there is none. */
  get oldestAt(): number | undefined {
    return this.#queue.oldestAt;
  }

  /** Sends what earlier processes have left in the outbox. */
  start(): void {
    this.#drain?.start();
  }

  /** The writes that have failed, and are kept in the outbox. */
  async failures(): Promise<readonly FailedWrite[]> {
    const entries = await this.#drain?.failures() ?? [];
    return entries.flatMap(({ write, attempts, failure }) =>
      failure ? [failedWrite({ write, attempts, failure })] : []
    );
  }

  /** Accepts a write again that has failed; returns whether there is one. */
  async retry(id: string): Promise<boolean> {
    const isRetried = await this.#drain?.retry(id) ?? false;
    if (isRetried) this.#options.onFailures();
    return isRetried;
  }

  /** Drops a write that has failed, or was never sent; returns whether there is one. */
  async discard(id: string): Promise<boolean> {
    const isDiscarded = await this.#drain?.discard(id) ?? false;
    if (isDiscarded) this.#options.onFailures();
    return isDiscarded;
  }

  /** The writes that are queued or in flight, in order. */
  pending(): Write[] {
    return this.#queue.pending().map((write) => writeWaitedFor(write, this));
  }

  /** Calls `listener` from now on when other writes are queued or in flight. There is one listener. */
  onPending(listener: () => void): void {
    this.#queue.onPending = listener;
  }

  /** Sends nothing more until it is resumed. */
  pause(reason: PauseReason): void {
    this.#queue.pause(reason);
  }

  /** Sends what waits, unless there is another reason to wait. */
  resume(reason: PauseReason): void {
    this.#queue.resume(reason);
  }

  /** What can be written through a handle with this query. */
  capabilities(within: Query): Capabilities {
    return this.#target(within).capabilities;
  }

  /**
   * Puts a write in line and answers as the master does. The promise may be left alone: a failure is counted and traced
   * where it happens, also of a write that cannot even be queued.
   */
  apply<A extends WriteAnswer>(op: WriteOp, within: Query, options?: WriteOptions): Promise<A> {
    let write: Write | undefined;
    const answer = this.#spans.write(op, () => {
      try {
        write = this.#enqueue(toWriteOp(op), within, options);
        return write.applied;
      } catch (error) {
        return this.#refused(op, error);
      }
    });
    answer.catch(() => {});
    // Each kind of operation has one kind of answer: see applyWriteOp.
    const given = answer as Promise<A>;
    if (write === undefined) return given;
    return waitedFor(given, `for ${describeWriteOp(op)}`, { owner: this, write });
  }

  /** Puts a write in line and hands it out, with an operation that only its holder can change. */
  enqueue(input: WriteOp, within: Query, options?: WriteOptions): Write {
    const op = toWriteOp(input);
    if (isEmptyPatch(op)) {
      throw new TypeError(`Cannot ${describeWriteOp(op)} with nothing: a patch names at least one column`);
    }
    return writeWaitedFor(this.#enqueue(op, within, options, shareWriteOp(op)), this);
  }

  /** Whether a write that is in flight must settle before another one can be sent. */
  precedes(inFlight: Write, later: Write): boolean {
    return this.#queue.precedes(inFlight as QueuedWrite, later as QueuedWrite); // This table's writes are its queue's.
  }

  /** Resolves when no write is queued or in flight. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Accepts no more writes, and resolves when the last one has settled. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  #refused(op: WriteOp, error: unknown): Promise<never> {
    const { counters, trace } = this.#options;
    counters.failedWrites++;
    trace?.event({ target: "vantage_live::write", level: "error", name: "write refused", op, error });
    return Promise.reject(error);
  }

  #enqueue(op: WriteOp, within: Query, options: WriteOptions | undefined, shown?: WriteOp): QueuedWrite {
    if (options !== undefined) checkCallOptions(options);
    const { signal, idempotencyKey, newId: givenId, onUnsettled } = options ?? {};
    const { clock, trace } = this.#options;
    const request: WriteRequest = {
      id: idempotencyKey ?? this.#newWriteId(),
      op,
      within,
      rowId: op.kind === "deleteAll" ? undefined : op.kind === "insertReturnId" ? givenId ?? newId(clock) : op.id,
      acceptedAt: clock.now(),
      signal,
      onUnsettled,
      handlesNotFound: options !== undefined && handlesNotFound(options),
      isNested: Sending.current() !== undefined,
    };
    const write = this.#queue.enqueue(request, shown);
    const fields = { queued: this.#queue.size };
    trace?.event({ target: "vantage_live::write", level: "debug", name: "enqueued", op, fields });
    return write;
  }

  /**
   * It is shown under the id that its row has at the master, if that is known. One of an earlier process, for a set that the
   * master does not take any more, is not shown: it fails when it is sent.
   */
  #show(write: QueuedWrite, overlay: Overlay): void {
    const { position, request: { id, within, rowId } } = write;
    const op = this.#queue.toSend(write);
    try {
      overlay.accepted({ id, op, within, position, rowId: "id" in op ? op.id : rowId });
    } catch (error) {
      this.#options.trace?.event({ target: "vantage_live::write", level: "warn", name: "write not shown", op, error });
    }
  }

  #failed(write: QueuedWrite, error: unknown): void {
    const { counters, trace, clock, onWriteFailed, onFailures } = this.#options;
    const { op, request, attempts } = write;
    counters.failedWrites++;
    onFailures();
    trace?.event({ target: "vantage_live::queue", level: "error", name: "write failed", op, error });
    if (onWriteFailed === undefined) return;
    const failed = failedWrite({ write: request, attempts, failure: failureOf(error, clock.now()) });
    this.#tell(op, () => onWriteFailed(failed));
  }

  /** Calls a listener. That it fails is counted, and changes nothing for the write. */
  #tell(op: WriteOp, call: () => unknown): void {
    const { counters, trace } = this.#options;
    guardedCall(call, (error) => {
      counters.listenerFailures++;
      trace?.event({ target: "vantage_live::queue", level: "warn", name: "listener failed", op, error });
    });
  }

  /** The outbox has failed, which fails no write. */
  outboxFailed(error: unknown): void {
    const { counters, trace } = this.#options;
    counters.outboxFailures++;
    trace?.event({ target: "vantage_live::queue", level: "warn", name: "outbox failed", error });
  }

  /** What another process has sent is news here, unless both have the same cache. */
  async #answeredElsewhere(write: QueuedWrite, answer: WriteAnswer): Promise<void> {
    const op = this.#queue.toSend(write);
    this.#options.overlay?.answered(write.id, this.#ofMaster(answer, true));
    await this.#publish(write, "applied", this.#changed(op, answer, undefined, true), undefined);
  }

  async #send(write: QueuedWrite, call?: WriteCall): Promise<WriteAnswer> {
    const { id, within } = write.request;
    const op = this.#queue.toSend(write);
    const { counters, intents, overlay, rowOf } = this.#options;
    const target = this.#target(within);
    const found = write.isInDoubt && !mayRepeat(op, target) ? await this.#applied(op, write) : undefined;
    if (found !== undefined) return found.answer;
    const known = "id" in op && op.kind !== "insert" ? rowOf(op.id) : undefined;
    const intended = intents.begin(id, eventOf(op));
    const sentAt = isPromise(intended) ? await intended : intended;
    const before = isPromise(known) ? await known : known;
    write.before ??= before;
    const over = "id" in op ? overlay?.known(op.id) : undefined;
    counters.masterWrites++;
    let answer: WriteAnswer;
    let isOld = false;
    try {
      answer = await this.#apply(op, write, target, () => void (isOld = true), call);
    } catch (error) {
      // Anything but a clear no may have been applied all the same.
      if (isWithoutEffect(error)) await intents.end(id);
      else await this.#publish(write, "unknown", eventOf(op), undefined);
      write.hasFailedAtMaster = true;
      throw error;
    }
    overlay?.answered(id, this.#ofMaster(answer, isOld), over);
    const since = this.#isCertain(write) && !isOld ? sentAt : undefined;
    await this.#publish(write, "applied", this.#changed(op, answer, before, isOld), since);
    const { onUnsettled } = write.request;
    if (isOld && onUnsettled !== undefined) this.#tell(op, onUnsettled);
    return answer;
  }

  /** What the master answers to a write whose last attempt it has applied; `undefined` if that may be made again. */
  async #applied(op: WriteOp, write: QueuedWrite): Promise<{ readonly answer: WriteAnswer } | undefined> {
    const found = await this.#lookFor(op, write);
    write.isLost = found.kind === "unknown";
    if (found.kind === "unknown") throw write.lastError;
    if (found.kind === "not applied" && write.lateCalls > 0) throw notYet(op);
    write.isInDoubt = false;
    if (found.kind === "not applied") return undefined;
    this.#options.overlay?.answered(write.id, this.#ofMaster(found.answer, true));
    await this.#publish(write, "applied", this.#changed(op, found.answer, undefined, true), undefined);
    return found;
  }

  /**
   * Asks the master what became of the last attempt. If it cannot be asked now, it is asked later. The row is looked for in all
   * sets: the write may have taken it out of the set that it was done in.
   */
  async #lookFor(op: WriteOp, write: QueuedWrite): Promise<ReadBack> {
    const { before } = write;
    const { master, writeTarget } = this.#options;
    const table = writeTarget ?? master.within(master.query);
    if (!canReadBack(op, table)) return { kind: "unknown" };
    try {
      return await this.#limited([], ({ signal }) => readBack(op, table, before, { fresh: true, signal }));
    } catch (error) {
      if (!isUnreachable(error) && !(error instanceof TableError && error.retriable)) return { kind: "unknown" };
      write.hasFailedAtMaster = true;
      throw error;
    }
  }

  /** Makes one attempt. */
  #apply(
    op: WriteOp,
    write: QueuedWrite,
    target: TableLike,
    onUnsettled: () => void,
    call: WriteCall | undefined,
  ): Promise<WriteAnswer> {
    const { id: idempotencyKey, rowId } = write;
    const newId = op.kind === "insertReturnId" ? rowId : undefined;
    return this.#spans.apply(op, () => {
      if (call !== undefined) return call.join(write, op, { idempotencyKey, newId, onUnsettled });
      return this.#callFor(
        [write],
        ({ signal }) => applyWriteOp(op, target, { idempotencyKey, newId, onUnsettled, signal }),
      );
    });
  }

  readonly #callFor: CallFor = (writes, ask) =>
    new Sending(this, writes).run(() =>
      this.#options.writeTimeoutMs === Infinity ? ask({}) : this.#limited(writes, ask)
    );

  /** The master's answer, within the time for one attempt; then the signal is aborted. */
  #limited<T>(writes: readonly QueuedWrite[], ask: (options: CallOptions) => Promise<T>): Promise<T> {
    const attempt = new AbortController();
    const call = ask({ signal: attempt.signal });
    return this.#deadline.limit(call, (value) => value, (error) => {
      attempt.abort(error);
      for (const write of writes) void write.expire(call);
      throw error;
    });
  }

  /**
   * Whether a write that succeeded is known to have had its effect on the master: a delete leaves a row that is outside its
   * set, and the master may still have what the write target has not.
   */
  #isCertain({ request: { op, within } }: QueuedWrite): boolean {
    return op.kind !== "delete" || (this.#options.writeTarget === undefined && !isNarrowed(within));
  }

  #changed(op: WriteOp, answer: WriteAnswer, before: Row | undefined, isOld: boolean): LiveEvent {
    return eventOf(op, this.#ofMaster(answer, isOld), before);
  }

  /**
   * The row that a write target answers with need not be what the master returns, and one that was answered before, to the
   * same key, need not be what it is now.
   */
  #ofMaster(answer: WriteAnswer, isOld: boolean): WriteAnswer {
    const isOfMaster = this.#options.writeTarget === undefined && !isOld;
    return isOfMaster || typeof answer === "string" ? answer : undefined;
  }

  async #publish(
    write: QueuedWrite,
    outcome: "applied" | "unknown",
    event: LiveEvent,
    since: Fence | undefined,
  ): Promise<void> {
    const { changes, clock, intents, observed, overlay } = this.#options;
    const { id } = write;
    const change = { ...event, at: clock.now(), cause: "write", writeId: id, outcome } as const;
    await changes.publish(change, since, () => {
      if (outcome === "unknown") return overlay?.doubted(id);
      write.place = ++observed.recorded;
      overlay?.recorded(id);
    });
    // What was not logged, but invalidated everything, has not ended the intent.
    if (event.kind === "changed") await intents.end(id);
  }

  /** Where a write goes: narrowed like its handle, besides what the write target itself is narrowed to. */
  #target(within: Query): TableLike {
    const { master, writeTarget } = this.#options;
    if (writeTarget === undefined) return master.within(within);
    return isUnlimited(within) ? writeTarget : writeTarget.withQuery(bothNarrowings(writeTarget.query, within));
  }

  /** Random numbers are slow, so they are drawn once; a counter makes the ids differ. */
  #newWriteId(): string {
    const part = (): string => Math.floor(this.#options.clock.random() * 2 ** 32).toString(16).padStart(8, "0");
    this.#writeIdPrefix ??= `${part()}${part()}${part()}${part()}`;
    return `${this.#writeIdPrefix}-${++this.#lastWriteNumber}`;
  }
}

/** Why a write is not sent again that the master has not applied: it may yet, in a call that has not settled. */
function notYet(op: WriteOp): UnavailableError {
  return new UnavailableError(`A call to ${describeWriteOp(op)} took too long, and may still be under way`);
}

function isEmptyPatch(op: WriteOp): boolean {
  return op.kind === "patch" && Object.keys(op.partial).length === 0;
}
