import { decodeAnswer, encodeAnswer } from "../../outbox/answer_codec.ts";
import type { OutboxAnswer } from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import type { SqliteRunner } from "./sqlite_store.ts";
import { bytesOf, restored, storable } from "./sqlite_storable.ts";

const ADD = `INSERT INTO vantage_outbox_answer (queue, holder, row_id, real_id, at, body) VALUES (?, ?, ?, ?, ?, ?)`;
const COUNT = `INSERT INTO vantage_outbox_queue (name, answers) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET answers = answers + excluded.answers`;
const HAS = "SELECT 1 AS found FROM vantage_outbox_answer WHERE queue = ? AND holder = ? LIMIT 1";
const TAKE = `SELECT body FROM vantage_outbox_answer WHERE queue = ? AND holder = ? ORDER BY position`;
const KEEP_IDS = `UPDATE vantage_outbox_answer SET holder = NULL, body = NULL
  WHERE queue = ? AND holder = ? AND real_id IS NOT NULL`;
const DROP_TAKEN = "DELETE FROM vantage_outbox_answer WHERE queue = ? AND holder = ? RETURNING 1 AS found";
const KEPT = "SELECT answers FROM vantage_outbox_queue WHERE name = ?";
const OLDEST = "SELECT position, at FROM vantage_outbox_answer WHERE queue = ? ORDER BY position LIMIT ?";
const DROP_TO = "DELETE FROM vantage_outbox_answer WHERE queue = ? AND position <= ? RETURNING 1 AS found";

/** How many answers are looked at in one step to find those that are too old. */
const TRIM_STEP = 64;

/** The answer to a write that one holder sent and perhaps another one accepted. */
interface Answered {
  readonly queue: string;
  /** The entry, if it was there. */
  readonly found: Record<string, unknown> | undefined;
  /** The holder that sent it. */
  readonly holder: string;
  readonly now: number;
  readonly answer: OutboxAnswer;
}

/** The answers that are kept for other holders, and the ids that inserted rows were given. */
export class SqliteOutboxAnswers {
  readonly #db: SqliteRunner;
  readonly #limits: OutboxLimits;
  #added = 0;

  constructor(db: SqliteRunner, limits: OutboxLimits) {
    this.#db = db;
    this.#limits = limits;
  }

  /** Keeps an answer if another holder waits for it, or if it has the id of a row. */
  add({ queue, found, holder, now, answer }: Answered): void {
    if (found === undefined) return;
    const acceptedBy = restored(String(found.holder));
    const isOwn = acceptedBy === holder;
    const { realId } = answer;
    const rowId = found.rowId === null ? null : String(found.rowId);
    if (isOwn && (realId === undefined || rowId === null)) return;
    const realIdText = realId === undefined ? null : storable(realId);
    const body = isOwn ? null : encodeAnswer(answer);
    this.#db.run(ADD, [queue, isOwn ? null : storable(acceptedBy), rowId, realIdText, now, body]);
    this.#db.run(COUNT, [queue, 1]);
    this.#added++;
  }

  has(queue: string, holder: string): boolean {
    return this.#db.all(HAS, [queue, storable(holder)]).length > 0;
  }

  take(queue: string, name: string): OutboxAnswer[] {
    const holder = storable(name);
    const taken = this.#db.all(TAKE, [queue, holder]).flatMap(({ body }) => readable(body));
    this.#db.run(KEEP_IDS, [queue, holder]);
    this.#count(queue, this.#db.write(DROP_TAKEN, [queue, holder]).length);
    return taken;
  }

  /** Drops the oldest answers until all bounds are met, if any were added. */
  trim(queue: string, now: number): void {
    if (this.#added === 0) return;
    this.#added = 0;
    const { maxAnswers, maxAnswerAgeMs } = this.#limits;
    const surplus = Number(this.#db.all(KEPT, [queue])[0]?.answers ?? 0) - maxAnswers;
    const oldest = this.#db.all(OLDEST, [queue, Math.max(surplus, TRIM_STEP)]);
    const fresh = oldest.findIndex(({ at }) => Number(at) >= now - maxAnswerAgeMs);
    const last = oldest[Math.max(surplus, fresh === -1 ? oldest.length : fresh) - 1];
    if (last !== undefined) this.#count(queue, this.#db.write(DROP_TO, [queue, Number(last.position)]).length);
  }

  #count(queue: string, dropped: number): void {
    if (dropped > 0) this.#db.run(COUNT, [queue, -dropped]);
  }
}

/** An answer that cannot be read is dropped, as one that no holder takes is: that its write has left the outbox says enough. */
function readable(body: unknown): OutboxAnswer[] {
  try {
    return [decodeAnswer(bytesOf(body))];
  } catch {
    return [];
  }
}
