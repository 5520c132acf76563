import { isPromise, type MaybePromise } from "../../base/maybe_promise.ts";
import { describe } from "../../base/describe.ts";
import { isBytes } from "../../base/realm.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { Row } from "../../table/row.ts";
import type { KafkaMessage } from "./kafka_source.ts";

/**
 * The event of a message of a compacted topic: the key is the id of a row, which `null` as the value deletes. Any other
 * value is the row as it is now. Whether it was there before is not known, so it counts as inserted.
 *
 * @throws {TypeError} if the key is neither text nor bytes that are text in UTF-8.
 */
export function eventOfKey<M extends KafkaMessage>(
  message: M,
  rowOf: ((message: M) => MaybePromise<Row | undefined>) | undefined,
): MaybePromise<LiveEvent> {
  const id = idOf(message.key);
  if (message.value === null || message.value === undefined) return { kind: "deleted", id };
  const row = rowOf?.(message);
  return isPromise(row) ? row.then((later) => inserted(id, later)) : inserted(id, row);
}

/** The same event, without saying which columns changed. */
export function withoutColumns(event: LiveEvent): LiveEvent {
  if (event.kind === "changed" || event.columns === undefined) return event;
  const { columns: _, ...others } = event;
  return others;
}

function inserted(id: string, row: Row | undefined): LiveEvent {
  return { kind: "inserted", id, row };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function idOf(key: unknown): string {
  if (typeof key === "string") return key;
  if (isBytes(key)) return UTF8.decode(key);
  throw new TypeError(`The key of a message must be text, or its bytes in UTF-8, to be an id; got ${describe(key)}`);
}
