import { decodePgoutput, type PgoutputMessage, type Relation, relationOfStart, type RowMessage } from "./pgoutput.ts";
import type { PostgresRow } from "./postgres_client.ts";
import type { Lsn } from "./postgres_lsn.ts";
import { bytesOf } from "./postgres_values.ts";

/** A change of a table: of a row, or of unknown rows. */
export interface SlotChange {
  readonly relation: Relation;
  readonly message: RowMessage | undefined;
}

/** A committed transaction. */
export interface SlotTransaction {
  /** The last 32 bits of its number; `undefined` if there are several, of which not all numbers are known. */
  readonly xid: number | undefined;
  /** Where it ends in the log. */
  readonly end: Lsn;
  /** What it changed; `undefined` if that is too much to tell, or cannot be read. */
  readonly changes: readonly SlotChange[] | undefined;
}

/** What was read of a slot at once. */
export interface SlotBatch {
  readonly transactions: readonly SlotTransaction[];
  /** How many messages there are, those included that were too many to be read. */
  readonly size: number;
}

interface Peeked {
  readonly at: number;
  /** Whether only the beginning of the message is there. */
  readonly isCut: boolean;
  readonly bytes: Uint8Array;
}

/** The transactions in what was read of a slot. */
export function batchOf(rows: readonly PostgresRow[]): SlotBatch {
  const peeked = rows.map(({ n, cut, data }): Peeked => ({
    at: Number(n),
    isCut: cut === "true",
    bytes: bytesOf(String(data)),
  }));
  return { transactions: transactionsOf(peeked), size: peeked.at(-1)?.at ?? 0 };
}

/** Where messages are missing, what comes after them is left to the next batch, which begins with it. */
function transactionsOf(peeked: readonly Peeked[]): readonly SlotTransaction[] {
  const batch = new Batch();
  for (const [index, message] of peeked.entries()) {
    if (message.at !== index + 1) return batch.transactions.length > 0 ? batch.transactions : [whole(message)];
    batch.add(message);
  }
  return batch.transactions;
}

/** All that was read as one transaction, of which only the end is known. */
function whole({ bytes }: Peeked): SlotTransaction {
  return { xid: undefined, end: endOf(decodePgoutput(bytes)), changes: undefined };
}

function endOf(message: PgoutputMessage): Lsn {
  if (message.kind === "commit") return message.end;
  throw new TypeError(
    `What was read of a slot ends in the middle of a transaction, with a message of kind ${message.kind}`,
  );
}

class Batch {
  readonly transactions: SlotTransaction[] = [];
  readonly #relations = new Map<number, Relation>();
  #xid = 0;
  #changes: SlotChange[] | undefined = [];

  add({ bytes, isCut }: Peeked): void {
    if (isCut) return this.#change(relationOfStart(bytes), undefined);
    const message = decodePgoutput(bytes);
    switch (message.kind) {
      case "begin":
        this.#xid = message.xid;
        this.#changes = [];
        return;
      case "commit":
        this.transactions.push({ xid: this.#xid, end: message.end, changes: this.#changes });
        return;
      case "relation":
        this.#relations.set(message.id, message.relation);
        return;
      case "insert":
      case "update":
      case "delete":
        return this.#change(message.relation, message);
      case "truncate":
        for (const relation of message.relations) this.#change(relation, undefined);
        return;
      case "other":
        return;
      default:
        return message satisfies never;
    }
  }

  #change(id: number | undefined, message: RowMessage | undefined): void {
    const relation = id === undefined ? undefined : this.#relations.get(id);
    if (relation === undefined) this.#changes = undefined;
    else this.#changes?.push({ relation, message });
  }
}
