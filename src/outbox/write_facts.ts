import { describe } from "../base/describe.ts";
import type { WriteOp } from "../queue/write_op.ts";
import { OutboxError } from "../table/errors.ts";
import { field, type Row } from "../table/row.ts";
import type { StoredWrite } from "./outbox.ts";
import { queryFacts, queryOfFacts } from "./query_facts.ts";
import { toStoredWrite } from "./stored_write.ts";

/** A write as data, without classes: facts about it, and its row, if it has one. */
export interface WriteFacts {
  readonly facts: Row;
  readonly row: Row | undefined;
}

/** The version of the format. A version is read by all later ones, and never changes what it once meant. */
const VERSION = 1;

/**
 * A write as data, for every outbox that keeps it outside of memory: its row, and its facts:
 *
 * ```text
 * { version: 1, id, kind, target: the id in the operation, rowId, within, acceptedAt, acceptedBy }
 * ```
 */
export function factsOfWrite({ id, op, within, rowId, acceptedAt, acceptedBy }: StoredWrite): WriteFacts {
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
  return { facts, row: "row" in op ? op.row : "partial" in op ? op.partial : undefined };
}

/**
 * The write of such data.
 *
 * @throws {OutboxError} if it is of a newer version.
 * @throws {TypeError} if `factsOfWrite` did not make the data.
 */
export function writeOfFacts({ facts, row }: WriteFacts): StoredWrite {
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

function opOf(facts: Row, row: Row | undefined): WriteOp {
  const kind = field(facts, "kind");
  return { kind, id: field(facts, "target"), [kind === "patch" ? "partial" : "row"]: row } as WriteOp;
}
