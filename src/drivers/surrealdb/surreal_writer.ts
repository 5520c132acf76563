import { describe } from "../../base/describe.ts";
import { isError } from "../../base/realm.ts";
import { ConflictError, InvalidAnswerError } from "../../table/errors.ts";
import type { SourceWrite, WriteResult } from "../../table/many_writes.ts";
import type { Query } from "../../table/query.ts";
import type { WriteAnswer } from "../../table/write_op.ts";
import { type Answered, answered, ask } from "./surreal_answers.ts";
import { isNotDone, isUnnamed, surrealError } from "./surreal_errors.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { type Plan, planOf } from "./surreal_plan.ts";
import type { Ql } from "./surreal_ql.ts";
import type { SurrealSchema } from "./surreal_schema.ts";
import { isTaken } from "./surreal_unique.ts";
import { FIXED } from "./surreal_writes.ts";

/** How often a write is tried that SurrealDB did not do because another changed the same rows. */
const MAX_TRIES = 5;

/** Writes rows, each with one statement in a transaction of its own. */
export class SurrealWriter {
  readonly #db: SurrealHandle;
  readonly #schema: SurrealSchema;
  readonly #where: (query: Query) => Ql | undefined;

  /** @param where the condition for the set of a query */
  constructor(db: SurrealHandle, schema: SurrealSchema, where: (query: Query) => Ql | undefined) {
    this.#db = db;
    this.#schema = schema;
    this.#where = where;
  }

  async write(write: SourceWrite): Promise<WriteAnswer> {
    const plan = this.#plan(write);
    for (let attempt = 1;; attempt++) {
      const [answer] = await answered(plan.what, () => ask(this.#db, [plan.statement]));
      if (answer !== undefined && "error" in answer && isNotDone(answer.error) && attempt < MAX_TRIES) continue;
      const result = await this.#resultOf(plan, answer);
      if ("error" in result) throw result.error;
      return result.answer;
    }
  }

  /** All in one call. One that conflicts is not tried again here: that would do it after those that follow. */
  async writeMany(writes: readonly SourceWrite[]): Promise<readonly WriteResult[]> {
    const what = `write rows of ${describe(this.#schema.name)}`;
    const plans = writes.map((write): Plan | { readonly error: unknown } => {
      try {
        return this.#plan(write);
      } catch (error) {
        return { error: surrealError(error, what) };
      }
    });
    const sent = plans.flatMap((plan) => "error" in plan ? [] : [plan.statement]);
    const answers = sent.length === 0 ? [] : await answered(what, () => ask(this.#db, sent));
    let next = 0;
    return await Promise.all(plans.map((plan) => "error" in plan ? plan : this.#resultOf(plan, answers[next++])));
  }

  #plan({ op, query, newId }: SourceWrite): Plan {
    return planOf(op, query, { schema: this.#schema, newId, where: this.#where });
  }

  async #resultOf(plan: Plan, answer: Answered | undefined): Promise<WriteResult> {
    try {
      if (answer === undefined) throw new InvalidAnswerError(`SurrealDB did not say whether it could ${plan.what}`);
      if ("error" in answer) throw await this.#errorOf(plan, answer.error);
      return { answer: plan.read(answer.result) };
    } catch (error) {
      return { error: surrealError(error, plan.what) };
    }
  }

  async #errorOf({ what, written }: Plan, error: unknown): Promise<unknown> {
    if (isError(error) && error.message.includes(FIXED)) {
      return new TypeError(`Cannot ${what}: it has another value for a column that SurrealDB computes or keeps`);
    }
    if (written === undefined || !isUnnamed(error)) return error;
    const isConflict = await isTaken(this.#db, this.#schema, written).catch(() => false);
    return isConflict
      ? new ConflictError(`Cannot ${what}: another row has one of its unique values`, { cause: error })
      : error;
  }
}
