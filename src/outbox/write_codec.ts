import { describe } from "../base/describe.ts";
import { decodeFacts, encodeFacts } from "../cache/facts_codec.ts";
import type { WriteOp } from "../queue/write_op.ts";
import { OutboxError } from "../table/errors.ts";
import { field, type Row } from "../table/row.ts";
import type { StoredWrite } from "./outbox.ts";
import { queryFacts, queryOfFacts } from "./query_facts.ts";
import { tooLarge, toStoredWrite } from "./stored_write.ts";

/** The version of the format. A version is read by all later ones, and never changes what it once meant. */
const VERSION = 1;

/**
 * Encodes a write, for every outbox that stores bytes: in the codec of entries, its row, and its facts:
 *
 * ```text
 * { version: 1, id, kind, target: the id in the operation, rowId, within, acceptedAt, acceptedBy }
 * ```
 *
 * @throws {RangeError} that names the write, if its row holds what cannot be encoded, such as a bigint of millions of digits.
 */
export function encodeWrite(write: StoredWrite): Uint8Array {
  const { id, op, within, rowId, acceptedAt, acceptedBy } = write;
  const facts: Row = {
    version: VERSION,
    id,
    kind: op.kind,
    ...("id" in op && { target: op.id }),
    ...(rowId !== undefined && { rowId }),
    within: queryFacts(within),
    acceptedAt,
    acceptedBy,
  };
  try {
    return encodeFacts({ facts, row: rowIn(op) });
  } catch (cause) {
    throw tooLarge(write, "its values cannot be encoded", cause);
  }
}

/**
 * Decodes a write.
 *
 * @throws {OutboxError} if it is of a newer version.
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeWrite` did not make these bytes.
 */
export function decodeWrite(bytes: Uint8Array): StoredWrite {
  const { facts, row } = decodeFacts(bytes);
  const version = field(facts, "version");
  if (version !== VERSION) {
    throw new OutboxError(`Cannot read a write of version ${describe(version)}: this is version ${VERSION}`);
  }
  const rowId = field(facts, "rowId");
  // `toStoredWrite` checks all of it.
  return toStoredWrite({
    id: field(facts, "id") as string,
    op: opOf(facts, row),
    within: queryOfFacts(field(facts, "within")),
    rowId: rowId === null ? undefined : rowId as string,
    acceptedAt: field(facts, "acceptedAt") as number,
    acceptedBy: field(facts, "acceptedBy") as string,
  });
}

function rowIn(op: WriteOp): Row | undefined {
  return "row" in op ? op.row : "partial" in op ? op.partial : undefined;
}

function opOf(facts: Row, row: Row | undefined): WriteOp {
  const kind = field(facts, "kind");
  return { kind, id: field(facts, "target"), [kind === "patch" ? "partial" : "row"]: row } as WriteOp;
}
