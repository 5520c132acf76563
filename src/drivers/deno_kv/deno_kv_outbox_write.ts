import { OUTBOX_BATCH, type StoredWrite } from "../../outbox/outbox.ts";
import { idConflict, tooLarge, toStoredWrite } from "../../outbox/stored_write.ts";
import { encodeWrite } from "../../outbox/write_codec.ts";
import { OutboxError } from "../../table/errors.ts";
import { MAX_BODY_BYTES } from "./deno_kv_outbox_bodies.ts";

/** A write to be appended. */
export interface NewWrite {
  readonly write: StoredWrite;
  readonly body: Uint8Array;
  /** Whether its bytes fit into one value, together with those of the others into one atomic. */
  readonly isInline: boolean;
  /** What it is charged for. */
  readonly size: number;
}

/** The most bytes in one value, which leaves room for the frame of a value: 64 KiB. */
const MAX_INLINE_BYTES = 64_000;
/** The most bytes in the values of one atomic, which leaves room for heads and keys: 800 KiB. */
const MAX_INLINE_TOTAL = 300_000;
/** The most characters of the ids of a write and of all writes of one atomic: a character may take two bytes. */
const [MAX_TEXTS, MAX_TEXTS_TOTAL] = [30_000, 150_000];
/** What an entry takes besides its bytes and its texts. */
const ENTRY_BYTES = 512;

/**
 * Checks and encodes writes.
 *
 * @throws {TypeError} if one is not a write.
 * @throws {OutboxError} if all of them are more than an atomic takes.
 * @throws {RangeError} if one of them is larger than can ever be kept.
 * @throws {ConflictError} if two have the same id.
 */
export function newWrites(writes: readonly StoredWrite[], maxBytes: number): readonly NewWrite[] {
  if (writes.length > OUTBOX_BATCH) {
    throw new OutboxError(`Cannot keep ${writes.length} writes in one step: Deno KV takes ${OUTBOX_BATCH}`);
  }
  const encoded = writes.map((given) => {
    const write = toStoredWrite(given);
    // A copy: for a view of a larger buffer, Deno KV would write the whole buffer.
    return { write, body: new Uint8Array(encodeWrite(write)), texts: textsOf(write) };
  });
  const texts = encoded.reduce((sum, each) => sum + each.texts, 0);
  if (texts > MAX_TEXTS_TOTAL && writes.length > 1) {
    throw new OutboxError(`Cannot keep ${writes.length} writes in one step: their ids have ${texts} characters`);
  }
  const ids = new Set<string>();
  let inline = 0;
  return encoded.map(({ write, body, texts: own }) => {
    if (body.length > MAX_BODY_BYTES) throw tooLarge(write, `it has ${body.length} bytes of at most ${MAX_BODY_BYTES}`);
    if (own > MAX_TEXTS) throw tooLarge(write, `its ids have ${own} characters of at most ${MAX_TEXTS}`);
    const size = body.length + 2 * own + ENTRY_BYTES;
    if (size > maxBytes) throw tooLarge(write, `it takes ${size} bytes, and the outbox has at most ${maxBytes}`);
    if (ids.has(write.id)) throw idConflict(write);
    ids.add(write.id);
    const isInline = body.length <= MAX_INLINE_BYTES && inline + body.length <= MAX_INLINE_TOTAL;
    if (isInline) inline += body.length;
    return { write, body, isInline, size };
  });
}

function textsOf({ id, rowId, acceptedBy }: StoredWrite): number {
  return id.length + (rowId?.length ?? 0) + acceptedBy.length;
}
