import { checkOptions } from "../../base/check_options.ts";
import { describe } from "../../base/describe.ts";
import { type SourceWrite, writeOne, type WriteResult } from "../../table/many_writes.ts";
import { OPERATORS } from "../../table/query.ts";
import type { Refs } from "../../table/relation.ts";
import type { Row } from "../../table/row.ts";
import type { Rows } from "../../table/rows.ts";
import type { Capabilities, Column, ColumnFlag } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import { NO_WRITES } from "../../table/verbs.ts";
import type { WriteAnswer } from "../../table/write_op.ts";
import { sql } from "../sql/sql.ts";
import type { PostgresRow } from "./postgres_client.ts";
import { isWords, type PostgresColumn } from "./postgres_column.ts";
import type { Session } from "./postgres_database.ts";
import { answered } from "./postgres_errors.ts";
import { PostgresKeyset } from "./postgres_keyset.ts";
import { PostgresReader, run } from "./postgres_reader.ts";
import { PostgresSelects } from "./postgres_selects.ts";
import { type PostgresSchema, readSchema } from "./postgres_schema.ts";
import { writeEach } from "./postgres_many.ts";
import { PostgresWriter } from "./postgres_writer.ts";

/** How many rows of a stream are held. */
const ROWS_PER_READ = 1_000;

/** Options of a `PostgresTable`. */
export interface PostgresTableOptions {
  /** The column or columns of the id; default the primary key. Required for a view. */
  readonly idField?: string | readonly string[] | undefined;
  /** The columns that name a row for users; default `name` or `title`, if there is one. */
  readonly titleFields?: readonly string[] | undefined;
  /** The columns to search; default all whose type is one of text. */
  readonly searchFields?: readonly string[] | undefined;
  /**
   * How `numeric` is read: as a text with all its digits (default), which cannot be ordered by, or as the nearest number
   * that JavaScript has.
   */
  readonly numeric?: "text" | "number" | undefined;
  /** Related tables by name. */
  readonly refs?: Refs | undefined;
}

/** Reads and writes one table with SQL. */
export class PostgresSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly capabilities: Partial<Capabilities>;
  readonly refs: Refs;
  readonly stream?: NonNullable<TableSource["stream"]>;
  readonly scoped = true;
  readonly checksIds = true;
  readonly #session: Session;
  readonly #schema: PostgresSchema;
  readonly #options: PostgresTableOptions;
  readonly #reader: PostgresReader;
  readonly #selects: PostgresSelects;
  readonly #writer: PostgresWriter;

  private constructor(session: Session, schema: PostgresSchema, options: PostgresTableOptions) {
    const { name, columns, key, dialect, isTable } = schema;
    const titles = options.titleFields ?? columns.map((column) => column.name).filter(isTitle).slice(0, 1);
    const searchFields = options.searchFields ?? columns.filter(isWords).map((column) => column.name);
    checkColumns([...titles, ...searchFields], schema);
    this.#session = session;
    this.#schema = schema;
    this.#options = options;
    const target = { name, dialect, columns, key: key.columns.map((column) => column.name), searchFields };
    this.#reader = new PostgresReader(schema);
    this.#selects = new PostgresSelects(schema, this.#reader, target);
    this.#writer = new PostgresWriter(schema, this.#reader, (query, id) => this.#selects.where(query, id) ?? sql`TRUE`);
    this.name = name;
    this.idField = key.columns.length === 1 ? key.columns[0]?.name : undefined;
    this.columns = columns.map((column) => ({
      name: column.name,
      type: column.declared,
      flags: flagsOf(column, schema, { titles, searchFields }),
    }));
    const queries = { page: true, where: OPERATORS, orderBy: true, search: true, exact: true, sameRows: true };
    this.capabilities = isTable ? queries : { ...queries, ...NO_WRITES, writeMany: false };
    this.refs = options.refs ?? {};
    if (this.#selects.hasPlaces) this.stream = (call) => this.#stream(call);
  }

  /** Reads the schema of a table, and makes a source of it. */
  static async open(session: Session, name: string, options: PostgresTableOptions): Promise<PostgresSource> {
    checkOptions("a PostgresTable", options, ["idField", "titleFields", "searchFields", "numeric", "refs"]);
    const { numeric = "text" } = options;
    if (numeric !== "text" && numeric !== "number") {
      throw new TypeError(`numeric must be "text" or "number", got ${describe(numeric)}`);
    }
    const schema = await answered(`open ${describe(name)}`, () => readSchema(session, name, options));
    return new PostgresSource(session, schema, options);
  }

  list({ query }: SourceCall): Promise<Rows> {
    return this.#do("list rows", undefined, () => this.#reader.rows(this.#session, this.#selects.list(query)));
  }

  get(id: string, { query }: SourceCall): Promise<Row | undefined> {
    const where = this.#selects.where(query, id) ?? sql`TRUE`;
    return this.#do("read row", id, async () => (await this.#reader.one(this.#session, where))?.row);
  }

  count({ query }: SourceCall): Promise<number> {
    return this.#do("count rows", undefined, async () => {
      const [counted] = await run(this.#session, this.#selects.count(query), this.#schema);
      return Number(counted?.n);
    });
  }

  insert(id: string, row: Row): Promise<Row> {
    return this.#do("insert row", id, () => this.#writer.insert(this.#session, id, row));
  }

  replace(id: string, row: Row): Promise<Row> {
    return this.#do("replace row", id, () => this.#writer.replace(this.#session, id, row));
  }

  patch(id: string, partial: Row, { query }: SourceCall): Promise<Row> {
    return this.#do("patch row", id, () => this.#writer.patch(this.#session, id, partial, query));
  }

  delete(id: string, { query }: SourceCall): Promise<void> {
    return this.#do("delete row", id, () => this.#writer.delete(this.#session, id, query));
  }

  deleteAll({ query }: SourceCall): Promise<void> {
    return this.#do("delete the rows", undefined, () => this.#writer.deleteAll(this.#session, query));
  }

  insertReturnId(row: Row, { newId }: SourceCall): Promise<string> {
    return this.#do("insert a row", undefined, () => this.#writer.insertReturnId(this.#session, row, newId));
  }

  writeMany(writes: readonly SourceWrite[]): Promise<readonly WriteResult[]> {
    const works = writes.map((write) => async (session: Session): Promise<WriteAnswer> =>
      await writeOne(new PostgresSource(session, this.#schema, this.#options), write)
    );
    return this.#do("write rows", undefined, () => writeEach(this.#session, works));
  }

  async *#stream({ query, signal }: SourceCall): AsyncGenerator<readonly [id: string, row: Row]> {
    const keyset = new PostgresKeyset(query, this.#schema);
    let last: PostgresRow | undefined;
    do {
      signal?.throwIfAborted();
      const statement = this.#selects.next(query, keyset, last, ROWS_PER_READ);
      const rows = await this.#do("stream rows", undefined, () => run(this.#session, statement, this.#schema));
      for (const found of rows) {
        const { id, row } = this.#reader.found(found);
        yield [id, row];
      }
      last = rows.length < ROWS_PER_READ ? undefined : rows.at(-1);
    } while (last !== undefined);
  }

  #do<T>(what: string, id: string | undefined, work: () => Promise<T>): Promise<T> {
    const row = id === undefined ? "" : ` ${describe(id)}`;
    return answered(`${what}${row} of ${describe(this.name)}`, work);
  }
}

function isTitle(name: string): boolean {
  return name === "name" || name === "title";
}

function checkColumns(chosen: readonly string[], { name, columns }: PostgresSchema): void {
  const names = columns.map((column) => column.name);
  for (const column of chosen) {
    if (names.includes(column)) continue;
    throw new TypeError(`${describe(name)} has no column ${describe(column)}; accepted are ${names.join(", ")}`);
  }
}

function flagsOf(
  column: PostgresColumn,
  { key }: PostgresSchema,
  { titles, searchFields }: { readonly titles: readonly string[]; readonly searchFields: readonly string[] },
): readonly ColumnFlag[] {
  const isKey = key.columns.includes(column);
  const flags: Readonly<Record<Exclude<ColumnFlag, "hidden">, boolean>> = {
    id: isKey,
    title: titles.includes(column.name),
    searchable: searchFields.includes(column.name),
    mandatory: column.notNull && !column.hasDefault && !column.generated && !isKey,
    generated: column.generated,
  };
  return (Object.keys(flags) as (keyof typeof flags)[]).filter((flag) => flags[flag]); // Its keys.
}
