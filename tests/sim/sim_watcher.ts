import { ClosedError, type LiveHandle, type LiveObserver, type LiveSnapshot, type Rows, sameRow } from "@vantage/live";
import { agesOf, faultOfAnswer, fittingOf, type Known } from "./read_law.ts";
import { follow, type Scene } from "./scene.ts";
import { rowOf } from "./sim_master.ts";
import { faultOfShown, type Onlooker } from "./shown_law.ts";
import { type ViewName, VIEWS } from "./views.ts";

/** Who watches what. */
export interface WatcherOptions {
  readonly scene: Scene;
  readonly name: ViewName;
  readonly owner: string;
  readonly handle: LiveHandle;
  /** What its process knows. */
  readonly known: () => Known;
  /** What was known to it when a read began that may answer one who asks now. */
  readonly asked: () => Known;
  /** Who looks, where writes are shown before they are answered. */
  readonly onlooker: () => Onlooker | undefined;
  /** Whether a read that begins now may fail with an error. */
  readonly mayFail: () => (error: unknown) => boolean;
}

/** Watches a view, and checks what it is shown. */
export class SimWatcher {
  readonly #options: WatcherOptions;
  readonly #observer: LiveObserver;
  #leave: (() => void) | undefined;
  /** The newest version of each row that was shown. */
  readonly #shown = new Map<string, number>();
  readonly #mayFail: (error: unknown) => boolean;
  #last: LiveSnapshot;
  #calls = 0;
  #isCalling = false;
  /** What was known when the read began, at the latest, whose rows are shown next; and at the end of the last turn. */
  #asked: Known;
  #before: Known;

  constructor(options: WatcherOptions) {
    const { scene, name, owner, handle, asked, mayFail } = options;
    this.#options = options;
    this.#observer = handle.withQuery(VIEWS[name].query).observe();
    this.#mayFail = mayFail();
    this.#asked = this.#before = asked();
    this.#last = this.#observer.getSnapshot();
    this.enter();
    follow(scene, `ready of ${name} by ${owner}`, this.#observer.ready(), () => {
      this.#check(5, this.#observer.getSnapshot().rows !== undefined, () => "is ready without rows");
    }, (error) => this.#check(8, this.#mayBe(error), () => `is not ready: ${String(error)}`));
  }

  /** Looks at the snapshot when all consequences of a step have settled. */
  look(): void {
    // Without listeners, each look at a snapshot looks into the cache.
    if (!this.isThere) return;
    const [last, next] = [this.#last, this.#observer.getSnapshot()];
    const asked = this.#options.asked();
    this.#check(9, next === this.#observer.getSnapshot() && Object.isFrozen(next), () => "is shown another snapshot");
    if (next !== last) {
      this.#options.scene.tell(`${this.#options.owner} is shown ${this.#options.name}: ${show(next)}`);
      this.#checkNext(last, next);
      if (next.rows !== last.rows) {
        this.#checkRows(next);
        this.#asked = this.#before;
      }
    }
    [this.#last, this.#before, this.#calls] = [next, asked, 0];
  }

  /** Whether it is subscribed. What was begun may go on for a moment after it has left. */
  get isThere(): boolean {
    return this.#leave !== undefined;
  }

  /** Subscribes. What was read before is shown at once. */
  enter(): void {
    this.#last = this.#observer.getSnapshot();
    this.#isCalling = true;
    this.#leave = this.#observer.subscribe(() => this.#called());
    this.#isCalling = false;
  }

  /** Ends the subscription: from now on nothing is called. */
  leave(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** What is shown at rest: success, and rows. */
  atRest(): Rows | undefined {
    const { status, fetchStatus, rows, error } = this.#observer.getSnapshot();
    const isDone = status === "success" && fetchStatus === "idle";
    this.#check(7, isDone, () => `is shown ${status} at rest, ${fetchStatus}: ${String(error)}`);
    return rows;
  }

  /** The table is closed. */
  closed(): void {
    const { error } = this.#observer.getSnapshot();
    this.#check(11, error instanceof ClosedError, () => `is shown ${String(error)} though the table is closed`);
  }

  #called(): void {
    this.#check(5, !this.#isCalling, () => "is called within a call");
    this.#check(11, this.isThere, () => "is called though it has left");
    this.#calls++;
  }

  #checkNext(last: LiveSnapshot, next: LiveSnapshot): void {
    const { scene } = this.#options;
    this.#check(5, this.#calls > 0, () => `is not told of revision ${next.revision}`);
    this.#check(5, next.revision > last.revision, () => `is shown ${next.revision} after ${last.revision}`);
    this.#check(7, next.rows !== undefined || last.rows === undefined, () => "is shown no rows any more");
    const { status, rows, error, fetchedAt } = next;
    if (status === "error") this.#check(8, this.#mayBe(error), () => `is shown ${String(error)}`);
    if (status === "success") {
      const isWhole = rows !== undefined && error === undefined && fetchedAt <= scene.scheduler.nowMs;
      this.#check(7, isWhole, () => `is shown success without rows, or of ${fetchedAt} ms`);
    }
    const isLaidOut = last.layoutRevision === next.layoutRevision;
    this.#check(9, !isLaidOut || idsOf(last) === idsOf(next), () => "is shown other rows in the same layout");
    // A row that was another one in between, in a snapshot that was not looked at, may be another object now.
    const isNext = next.revision === last.revision + 1;
    if (isNext && isLaidOut && scene.world.lagMs === 0) this.#checkIdentity(last, next);
  }

  /** Rows that did not change are the same objects. */
  #checkIdentity(last: LiveSnapshot, next: LiveSnapshot): void {
    for (const [id, row] of next.rows ?? []) {
      const before = last.rows?.get(id);
      const isSame = before === row || before === undefined || !sameRow(before, row);
      this.#check(9, isSame, () => `is shown another ${id}, which did not change`);
    }
  }

  /** Rows never go back; and where no newer ones are to come, they are as new as what was known when they were read. */
  #checkRows({ rows, status, fetchStatus, pending }: LiveSnapshot): void {
    const { scene, name, known } = this.#options;
    if (rows === undefined) return;
    const onlooker = this.#options.onlooker();
    if (onlooker !== undefined) {
      const fault = faultOfShown(scene, VIEWS[name], [...rows], onlooker);
      this.#check(fault?.law ?? 1, fault === undefined, () => `is shown: ${fault?.what}`);
    }
    // Without versions it is not known whether rows were read before a write, which they must have in any case.
    if (scene.world.lagMs === 0 && (status !== "error" || scene.world.versions)) this.#checkVersions(rows, pending);
    const { whileStale, onMasterFailure } = scene.world;
    const mayBeStale = whileStale === "serve" || onMasterFailure === "serve";
    if (onlooker !== undefined) return;
    if (status !== "success" || (mayBeStale && fetchStatus !== "idle")) return;
    const fitting = fittingOf(scene, VIEWS[name], rows, this.#asked, known());
    const fault = faultOfAnswer(scene, VIEWS[name], rows, agesOf(this.#asked.floor), fitting);
    this.#check(fault?.law ?? 1, fault === undefined, () => `is shown ${idsOf({ rows })}, ${fitting}: ${fault?.what}`);
  }

  #checkVersions(rows: Rows, pending: ReadonlySet<string>): void {
    for (const [id, row] of rows) {
      const history = this.#options.scene.master.histories.get(id) ?? [];
      const seq = history.findLast(({ held }) => held !== undefined && sameRow(row, rowOf(held)))?.seq ?? -1;
      const mark = String(row.mark);
      // What another process has accepted is shown while it is sent from here.
      if (pending.has(id) && !mark.startsWith(`w${this.#options.owner}.`)) continue;
      if (this.#mayBeOwn(id, seq, mark)) continue;
      const newest = this.#shown.get(id) ?? -1;
      this.#check(2, seq >= newest || this.#mayGoBack(id, seq), () => `is shown ${id}@${seq} after ${id}@${newest}`);
      this.#shown.set(id, Math.max(seq, newest));
    }
  }

  /** Of two tables that read the same row for one entry, neither knows which has the newer state, while nothing tells. */
  #mayGoBack(id: string, seq: number): boolean {
    return this.#options.scene.world.tables > 1 && seq >= this.#asked.floor.of(id);
  }

  /**
   * Whether a write is shown of which the master does not know yet, or that is sent once more, or whose outcome nobody
   * knows, or a row that an insertion which is pending has found somewhere.
   */
  #mayBeOwn(id: string, seq: number, mark: string): boolean {
    const onlooker = this.#options.onlooker();
    if (onlooker === undefined) return false;
    const { scene: { ledger, master }, owner } = this.#options;
    // When a write of another process was applied is not known, or not even whether: it may have been before these rows were read.
    const isUncertain = ledger.isDoubted(mark) || master.repeated.has(mark);
    if (!mark.startsWith(`w${owner}.`) && isUncertain) return true;
    if (seq < 0 || (ledger.find(mark) !== undefined && ledger.isSentByHand(mark))) return true;
    return onlooker.accepted.some((it) => it.op === "insert" && it.id === id && ledger.isPending(it.mark));
  }

  #mayBe(error: unknown): boolean {
    return error instanceof ClosedError || this.#mayFail(error);
  }

  #check(law: number, holds: boolean, what: () => string): void {
    const { scene: { verdict }, owner, name } = this.#options;
    verdict.check(law, holds, () => `who watches ${name} of ${owner} ${what()}`);
  }
}

function idsOf({ rows }: Pick<LiveSnapshot, "rows">): string {
  return rows?.ids().join(" ") ?? "nothing";
}

function show({ rows, status, fetchStatus }: LiveSnapshot): string {
  const shown = [...rows ?? []].map(([id, { mark }]) => `${id}=${String(mark)}`).join(" ");
  return `${shown || "nothing"}, ${status}, ${fetchStatus}`;
}
