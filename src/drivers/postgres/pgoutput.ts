import { ByteReader } from "./byte_reader.ts";
import type { Lsn } from "./postgres_lsn.ts";

/** A value of a column: its text, `null`, or `undefined` if it was not sent, since it is stored elsewhere and unchanged. */
export type SentValue = string | null | undefined;

/** The columns of a row, in the order of its relation. */
export type Tuple = readonly SentValue[];

/** A table, as messages of changes refer to it. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
}

/** A column of a relation. */
export interface RelationColumn {
  readonly name: string;
  /** Whether it is in a row before a change of which only the key is sent. */
  readonly isKey: boolean;
}

/** A change of one row. */
export type RowMessage =
  | { readonly kind: "insert"; readonly relation: number; readonly row: Tuple }
  | {
    readonly kind: "update";
    readonly relation: number;
    readonly row: Tuple;
    /** The row before, or only its key. */
    readonly before: Before | undefined;
  }
  | { readonly kind: "delete"; readonly relation: number; readonly before: Before };

/** A row before its change. */
export interface Before {
  readonly row: Tuple;
  /** Whether the tuple has all columns (`REPLICA IDENTITY FULL`), and not only those of the key. */
  readonly isWhole: boolean;
}

/** A message of pgoutput, as far as it is used. */
export type PgoutputMessage =
  | { readonly kind: "begin"; readonly xid: number }
  | { readonly kind: "commit"; readonly end: Lsn }
  | { readonly kind: "relation"; readonly id: number; readonly relation: Relation }
  | RowMessage
  | { readonly kind: "truncate"; readonly relations: readonly number[] }
  | { readonly kind: "other" };

/**
 * Decodes a message of pgoutput, protocol 1:
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 *
 * @throws {RangeError} if it ends too early.
 * @throws {TypeError} if it has what this protocol does not have.
 */
export function decodePgoutput(bytes: Uint8Array): PgoutputMessage {
  const reader = new ByteReader(bytes);
  const kind = reader.letter();
  switch (kind) {
    case "B":
      reader.skip(16);
      return { kind: "begin", xid: reader.uint32() };
    case "C":
      reader.skip(9);
      return { kind: "commit", end: reader.uint64() };
    case "R":
      return { kind: "relation", id: reader.uint32(), relation: relationOf(reader) };
    case "I":
      return { kind: "insert", relation: reader.uint32(), row: newTuple(reader) };
    case "U":
      return updateOf(reader);
    case "D":
      return { kind: "delete", relation: reader.uint32(), before: beforeOf(reader, reader.letter()) };
    case "T":
      return truncateOf(reader);
    default:
      // Origins, types and messages of applications.
      return { kind: "other" };
  }
}

/** The relation of a message of which only the first five bytes are there; `undefined` if it has none. */
export function relationOfStart(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes);
  return "IUD".includes(reader.letter()) ? reader.uint32() : undefined;
}

function relationOf(reader: ByteReader): Relation {
  const [schema, name] = [reader.text0(), reader.text0()];
  // The setting of its replica identity.
  reader.skip(1);
  const columns = Array.from({ length: reader.uint16() }, (): RelationColumn => {
    const isKey = reader.letter() === "\x01";
    const column = reader.text0();
    // Its type, and what belongs to that.
    reader.skip(8);
    return { name: column, isKey };
  });
  return { schema: schema === "" ? "pg_catalog" : schema, name, columns };
}

function updateOf(reader: ByteReader): PgoutputMessage {
  const relation = reader.uint32();
  const letter = reader.letter();
  if (letter === "N") return { kind: "update", relation, before: undefined, row: tupleOf(reader) };
  const before = beforeOf(reader, letter);
  return { kind: "update", relation, before, row: newTuple(reader) };
}

function truncateOf(reader: ByteReader): PgoutputMessage {
  const count = reader.uint32();
  reader.skip(1);
  return { kind: "truncate", relations: Array.from({ length: count }, () => reader.uint32()) };
}

function beforeOf(reader: ByteReader, letter: string): Before {
  if (letter === "O" || letter === "K") return { isWhole: letter === "O", row: tupleOf(reader) };
  throw new TypeError(`A row before its change begins with O or K, not with ${letter}`);
}

function newTuple(reader: ByteReader): Tuple {
  const letter = reader.letter();
  if (letter !== "N") throw new TypeError(`A new row begins with N, not with ${letter}`);
  return tupleOf(reader);
}

function tupleOf(reader: ByteReader): Tuple {
  return Array.from({ length: reader.uint16() }, (): SentValue => {
    const letter = reader.letter();
    switch (letter) {
      case "n":
        return null;
      case "u":
        return undefined;
      case "t":
        return reader.text(reader.uint32());
      default:
        throw new TypeError(`A value is null, unchanged or a text, not ${letter}`);
    }
  });
}
