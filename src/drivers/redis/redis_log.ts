import type { Fence, LogRecord } from "../../cache/cache.ts";
import { encodeChange } from "../../cache/change_codec.ts";
import type { Change } from "../../change/change.ts";
import { withoutColumns } from "../../change/logged_change.ts";
import type { RedisCommand } from "./redis_client.ts";
import { storable } from "./redis_keys.ts";
import { textOf } from "./redis_reply.ts";
import { RedisScript } from "./redis_script.ts";
import { CHANGE, INTENT, OVERDUE, SETTLED } from "./redis_scripts.ts";
import { marksOf } from "./redis_state.ts";
import type { RedisSteps } from "./redis_steps.ts";

/** The bounds of a log. */
export interface RedisLogBounds {
  readonly maxChanges: number;
  readonly maxLogBytes: number;
}

const [changeStep, intentStep] = [new RedisScript(CHANGE), new RedisScript(INTENT)];
const [settledStep, overdueStep] = [new RedisScript(SETTLED), new RedisScript(OVERDUE)];

/** The logs of all scopes. Each record is one step. What is due is due by the clock of the server. */
export class RedisLog {
  /** The bounds, as the scripts take them. */
  readonly bounds: readonly string[];
  readonly #steps: RedisSteps;

  constructor(steps: RedisSteps, { maxChanges, maxLogBytes }: RedisLogBounds) {
    this.#steps = steps;
    this.bounds = [String(maxChanges), String(maxLogBytes)];
  }

  /** Adds a record; returns the fence after it. */
  async add(scope: string, record: LogRecord): Promise<Fence> {
    switch (record.kind) {
      case "change":
        return await this.#run(changeStep, scope, [
          ...(record.since === undefined ? ["", ""] : marksOf(record.since)),
          rowOf(record.change),
          record.change.cause === "write" ? named(record.change.writeId) : "",
          ...bodiesOf(record.change),
          ...this.bounds,
        ]);
      case "intent": {
        const { change, writeId, dueAt } = record;
        // What it changed is unknown by the time that it is logged.
        const body = encodeChange(withoutColumns(change));
        return await this.#run(intentStep, scope, [
          named(writeId),
          rowOf(change),
          String(this.#steps.server.timeOf(dueAt)),
          body,
          ...this.bounds,
        ]);
      }
      case "settled":
        return await this.#run(settledStep, scope, [named(record.writeId)]);
      case "overdue": {
        const now = this.#steps.server.timeOf(record.now);
        return await this.#run(overdueStep, scope, [String(now), String(now + record.spanMs), ...this.bounds]);
      }
      default:
        return record satisfies never;
    }
  }

  async #run(script: RedisScript, scope: string, args: RedisCommand): Promise<Fence> {
    return textOf(await this.#steps.run(script, scope, args));
  }
}

/** The row of a change, for the scripts; `""` if it is not known. */
function rowOf(change: Change): string {
  return change.kind === "changed" ? "" : named(change.id);
}

/** A text that is never empty. */
function named(text: string): string {
  return `=${storable(text)}`;
}

/** The bytes of a change, and those without its columns if it has any. */
function bodiesOf(change: Change): readonly (string | Uint8Array)[] {
  const bare = withoutColumns(change);
  return [encodeChange(change), bare === change ? "" : encodeChange(bare)];
}
