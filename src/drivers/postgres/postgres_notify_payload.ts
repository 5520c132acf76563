import { describe } from "../../base/describe.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import { idOf, type KeyPart } from "./postgres_ids.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** What a notification says. */
export type Notified =
  | { readonly kind: "events"; readonly events: readonly LiveEvent[] }
  /** A listener notified itself, to see whether it still listens. */
  | { readonly kind: "echo"; readonly nonce: string };

/** The payload by which a listener notifies itself. */
export function echoPayload(nonce: string): string {
  return JSON.stringify({ kind: "echo", nonce });
}

/**
 * Reads a payload.
 *
 * @throws {TypeError | SyntaxError} if it is none of ours.
 */
export function readPayload(payload: string, schema: PostgresSchema): Notified {
  const { kind, keys, nonce } = Object(JSON.parse(payload)) as { [name: string]: unknown }; // Checked below.
  switch (kind) {
    case "echo":
      return { kind, nonce: String(nonce) };
    case "changed":
      return { kind: "events", events: [{ kind }] };
    case "inserted":
    case "updated":
    case "deleted":
      if (!Array.isArray(keys)) throw new TypeError(`The payload has no keys but ${describe(keys)}`);
      return { kind: "events", events: keys.map((key) => ({ kind, id: idOf(schema, partsOf(key, schema)) })) };
    default:
      throw new TypeError(`The payload is of an unknown kind, ${describe(kind)}`);
  }
}

function partsOf(key: unknown, { key: { columns } }: PostgresSchema): readonly KeyPart[] {
  const isKey = Array.isArray(key) && key.length === columns.length &&
    key.every((part) => part === null || typeof part === "string");
  if (!isKey) throw new TypeError(`A key has a text for each of ${columns.length} columns, got ${describe(key)}`);
  return key;
}
