import type { LiveEvent } from "../../stream/live_event.ts";
import type { Row } from "../../table/row.ts";
import type { Before, Relation, RowMessage, SentValue, Tuple } from "./pgoutput.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import type { Session } from "./postgres_database.ts";
import { idOf } from "./postgres_ids.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import type { SlotChange } from "./postgres_slot_batch.ts";
import { PostgresTuples, type Texts } from "./postgres_tuples.ts";

/** Types whose values are written as they are in an id. */
const PLAIN_TYPES: readonly string[] = ["int2", "int4", "int8", "numeric", "text", "varchar", "name", "uuid"];

const CHANGED: LiveEvent = { kind: "changed" };

/** A row of a message, before PostgreSQL has read its texts. */
interface Draft {
  readonly kind: "inserted" | "updated" | "deleted";
  /** The texts of its key; `undefined` if the message does not have all of them. */
  readonly key: Texts | undefined;
  /** The texts of all columns; `undefined` if the message does not have all of them, or the row is not wanted. */
  readonly row: Texts | undefined;
  readonly columns: readonly string[] | undefined;
}

/** Makes events of the changes of one table. */
export class SlotEvents {
  readonly #schema: PostgresSchema;
  readonly #rows: PostgresTuples | undefined;
  readonly #keys: PostgresTuples | undefined;

  /** @param withRows whether events have rows where that is possible */
  constructor(schema: PostgresSchema, withRows: boolean) {
    const { columns, key } = schema;
    const isPlain = key.columns.every(({ type }) => PLAIN_TYPES.includes(type));
    this.#schema = schema;
    // Generated columns are not published.
    const isPublished = columns.every(({ generated }) => !generated);
    this.#rows = withRows && isPublished ? new PostgresTuples(schema, columns) : undefined;
    this.#keys = isPlain ? undefined : new PostgresTuples(schema, key.columns);
  }

  /** Whether a change is of this table. */
  isOf({ relation: { schema, name } }: SlotChange): boolean {
    return schema === this.#schema.place[0] && name === this.#schema.place[1];
  }

  /** The events of each change of this table. Rows may be read in the session. */
  async of(changes: readonly SlotChange[], session: Session): Promise<readonly (readonly LiveEvent[])[]> {
    const drafts = changes.map(({ relation, message }) =>
      message === undefined ? [] : this.#drafts(message, new Columns(relation, this.#schema))
    );
    const all = drafts.flat();
    const rows = await this.#read(this.#rows, all.map(({ row }) => row), session);
    const keys = await this.#read(this.#keys, all.map(({ key, row }) => row === undefined ? key : undefined), session);
    const idIn = (draft: Draft): string | undefined =>
      rows.get(draft.row)?.id ??
        (this.#keys === undefined ? draft.key && idOf(this.#schema, draft.key) : keys.get(draft.key)?.id);
    return drafts.map((ofChange) =>
      ofChange.length === 0 ? [CHANGED] : ofChange.map((draft) => eventOf(draft, idIn(draft), rows.get(draft.row)?.row))
    );
  }

  /** What PostgreSQL reads from the texts. */
  async #read(
    tuples: PostgresTuples | undefined,
    given: readonly (Texts | undefined)[],
    session: Session,
  ): Promise<ReadonlyMap<Texts | undefined, { readonly id: string; readonly row: Row }>> {
    const texts = given.filter((one) => one !== undefined);
    if (tuples === undefined || texts.length === 0) return new Map();
    const found = await tuples.read(session, texts);
    return new Map(found.map((row, at) => [texts[at], row]));
  }

  #drafts(message: RowMessage, columns: Columns): readonly Draft[] {
    const before = message.kind === "insert" ? undefined : message.before;
    const oldKey = before && columns.keyOf(before);
    if (message.kind === "delete") return [{ kind: "deleted", key: oldKey, row: undefined, columns: undefined }];
    const completed = completedBy(message.row, before?.isWhole === true ? before.row : undefined);
    const key = columns.textsOf(this.#schema.key.columns, completed) ?? oldKey;
    const row = this.#rows && columns.textsOf(this.#schema.columns, completed);
    if (message.kind === "insert") return [{ kind: "inserted", key, row, columns: undefined }];
    if (oldKey !== undefined && JSON.stringify(oldKey) !== JSON.stringify(key)) {
      return [
        { kind: "deleted", key: oldKey, row: undefined, columns: undefined },
        { kind: "inserted", key, row, columns: undefined },
      ];
    }
    const changed = before?.isWhole === true ? columns.changed(before.row, message.row) : undefined;
    return [{ kind: "updated", key, row, columns: changed }];
  }
}

function eventOf({ kind, columns }: Draft, id: string | undefined, row: Row | undefined): LiveEvent {
  if (id === undefined) return CHANGED;
  return { kind, id, ...(row !== undefined && { row }), ...(columns !== undefined && { columns }) };
}

/** A row with what was not sent of it, since it is unchanged. */
function completedBy(row: Tuple, before: Tuple | undefined): Tuple {
  return before === undefined ? row : row.map((value, at) => value === undefined ? before[at] : value);
}

/** Where the columns of a table are in the rows of a relation. */
class Columns {
  readonly #relation: Relation;
  readonly #schema: PostgresSchema;

  constructor(relation: Relation, schema: PostgresSchema) {
    this.#relation = relation;
    this.#schema = schema;
  }

  /** The texts of the key of a row before its change; `undefined` if it does not have all of them. */
  keyOf({ row, isWhole }: Before): Texts | undefined {
    const { columns } = this.#relation;
    const sent = row.map((value, at) => isWhole || columns[at]?.isKey === true ? value : undefined);
    return this.textsOf(this.#schema.key.columns, sent);
  }

  /** The texts of some columns; `undefined` if the row does not have all of them. */
  textsOf(columns: readonly PostgresColumn[], row: Tuple): Texts | undefined {
    const texts: (string | null)[] = [];
    for (const { name } of columns) {
      const text = this.#valueOf(name, row);
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return texts;
  }

  /** The columns that differ; `undefined` if some may differ that are not published. */
  changed(before: Tuple, after: Tuple): readonly string[] | undefined {
    const { columns } = this.#schema;
    if (columns.some(({ name }) => this.#valueOf(name, before) === undefined)) return undefined;
    return columns.map(({ name }) => name).filter((name) => {
      const value = this.#valueOf(name, after);
      return value !== undefined && value !== this.#valueOf(name, before);
    });
  }

  #valueOf(name: string, row: Tuple): SentValue {
    return row[this.#relation.columns.findIndex((column) => column.name === name)];
  }
}
