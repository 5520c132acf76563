import { checkOptions } from "../../base/check_options.ts";
import { checkPort } from "../../base/check_port.ts";
import { describe } from "../../base/describe.ts";
import { ConflictError, InvalidAnswerError } from "../../table/errors.ts";
import type { SourceWrite, WriteResult } from "../../table/many_writes.ts";
import { OPERATORS, type Query } from "../../table/query.ts";
import { isPlainObject, type Row } from "../../table/row.ts";
import { Rows } from "../../table/rows.ts";
import type { Capabilities, Column, ColumnFlag, TableLike } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import { NO_WRITES } from "../../table/verbs.ts";
import type { WriteAnswer, WriteOp } from "../../table/write_op.ts";
import { type Answered, ask, askOne } from "./surreal_answers.ts";
import { type SurrealTarget, whereQl } from "./surreal_conditions.ts";
import { isNotDone, isUnnamed, surrealError } from "./surreal_errors.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { keyQl, recordQl } from "./surreal_ids.ts";
import { checkOrder, orderQl } from "./surreal_order.ts";
import { ANY, type SurrealType } from "./surreal_type.ts";
import { param, type Ql, ql } from "./surreal_ql.ts";
import { readSchema, type SurrealColumn, type SurrealSchema } from "./surreal_schema.ts";
import { setOf } from "./surreal_set.ts";
import { isTaken } from "./surreal_unique.ts";
import { rowOf } from "./surreal_values.ts";
import { isMissing, type Plan, planOf } from "./surreal_writer.ts";
import { FIXED } from "./surreal_writes.ts";

/** Options of a `SurrealTable`. */
export interface SurrealTableOptions {
  /**
   * The types of columns, in SurrealQL, such as `{ owner: "record<person>" }`: for columns that are not defined in the
   * database, and for users who may not read its definitions.
   */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** The columns that name a row for users; default `name` or `title`, if there is one. */
  readonly titleFields?: readonly string[] | undefined;
  /** The columns to search; default all of type `string`, and in a table without a schema all texts of a row. */
  readonly searchFields?: readonly string[] | undefined;
  /**
   * How decimals are read: as texts with all their digits (default), which cannot be ordered by, or as the nearest numbers
   * that JavaScript has.
   */
  readonly decimals?: "text" | "number" | undefined;
  /** Related tables by name. */
  readonly refs?: Readonly<Record<string, () => TableLike>> | undefined;
}

/** How often a write is tried that SurrealDB did not do because another changed the same rows. */
const MAX_TRIES = 5;

/** Reads and writes one table with SurrealQL. */
export class SurrealSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField = "id";
  readonly capabilities: Partial<Capabilities>;
  readonly refs: Readonly<Record<string, () => TableLike>>;
  readonly scoped = true;
  readonly checksIds = true;
  readonly #db: SurrealHandle;
  readonly #target: SurrealTarget;

  private constructor(db: SurrealHandle, schema: SurrealSchema, options: SurrealTableOptions) {
    const names = schema.columns.map((column) => column.name);
    const titles = options.titleFields ?? names.filter((name) => name === "name" || name === "title").slice(0, 1);
    const texts = schema.columns.filter(({ type }) => type.kind === "string").map((column) => column.name);
    const searchFields = options.searchFields ?? (schema.isOpen ? undefined : texts);
    if (!schema.isOpen) checkColumns([...titles, ...searchFields ?? []], schema);
    this.#db = db;
    this.#target = { schema, searchFields };
    this.name = schema.name;
    this.columns = schema.isOpen ? [] : columnsOf(schema, { titles, searchFields: searchFields ?? [] });
    const queries = { page: true, where: OPERATORS, orderBy: true, search: true, exact: true, sameRows: true };
    this.capabilities = schema.isView ? { ...queries, ...NO_WRITES, writeMany: false } : queries;
    this.refs = options.refs ?? {};
  }

  /** Reads the definition of a table, and makes a source of it. */
  static async open(db: SurrealHandle, name: string, options: SurrealTableOptions): Promise<SurrealSource> {
    checkOptions("a SurrealTable", options, ["fields", "titleFields", "searchFields", "decimals", "refs"]);
    checkPort("The client of a SurrealTable", "a connected Surreal of the npm package surrealdb", db, ["query"]);
    const { decimals = "text" } = options;
    if (decimals !== "text" && decimals !== "number") {
      throw new TypeError(`decimals must be "text" or "number", got ${describe(decimals)}`);
    }
    if (typeof name !== "string" || name === "") throw new TypeError(`A table has a name, got ${describe(name)}`);
    const schema = await answered(`open ${describe(name)}`, () => readSchema(db, name, options));
    return new SurrealSource(db, schema, options);
  }

  list({ query }: SourceCall): Promise<Rows> {
    return this.#do("list rows", async () => {
      const { schema } = this.#target;
      const { from, filter } = this.#set(query);
      const order = orderQl(query, schema);
      const page = query.pagination;
      const limit = page === undefined
        ? ql``
        : ql` LIMIT ${param(page.limit)} START ${param(Math.min(page.skip, MAX_SKIP))}`;
      const select = ql`SELECT *${order.selected}${order.omitted} FROM ${from}${filter}`;
      const found = recordsOf(await askOne(this.#db, ql`${select} ORDER BY ${order.terms}${limit}`)).map((record) =>
        rowOf(record, schema)
      );
      checkOrder(found, query);
      return Rows.from(found.map(({ id, row }) => [id, row] as const));
    });
  }

  get(id: string, { query }: SourceCall): Promise<Row | undefined> {
    return this.#do(`read row ${describe(id)}`, async () => {
      const { schema } = this.#target;
      const key = keyQl(id, schema.idType);
      if (key === undefined) return undefined;
      const record = recordQl(schema.name, key);
      const found = await askOne(this.#db, ql`SELECT * FROM ONLY ${record}${this.#filter(query)}`);
      return found === undefined || found === null ? undefined : rowOf(found, schema).row;
    });
  }

  count({ query }: SourceCall): Promise<number> {
    return this.#do("count rows", async () => {
      const { from, filter } = this.#set(query);
      const [counted] = recordsOf(await askOne(this.#db, ql`SELECT count() FROM ${from}${filter} GROUP ALL`));
      return isPlainObject(counted) ? Number(counted.count) : 0;
    });
  }

  insert(id: string, row: Row): Promise<Row> {
    return this.#write({ kind: "insert", id, row }, {}) as Promise<Row>; // As planOf reads it.
  }

  replace(id: string, row: Row): Promise<Row> {
    return this.#write({ kind: "replace", id, row }, {}) as Promise<Row>; // As above.
  }

  patch(id: string, partial: Row, { query }: SourceCall): Promise<Row> {
    return this.#write({ kind: "patch", id, partial }, query) as Promise<Row>; // As above.
  }

  delete(id: string, { query }: SourceCall): Promise<void> {
    return this.#write({ kind: "delete", id }, query) as Promise<void>; // As above.
  }

  deleteAll({ query }: SourceCall): Promise<void> {
    return this.#write({ kind: "deleteAll" }, query) as Promise<void>; // As above.
  }

  insertReturnId(row: Row, { newId }: SourceCall): Promise<string> {
    return this.#write({ kind: "insertReturnId", row }, {}, newId) as Promise<string>; // As above.
  }

  /** All in one call, each in a transaction of its own. */
  async writeMany(writes: readonly SourceWrite[]): Promise<readonly WriteResult[]> {
    const plans = writes.map((write): Plan | { readonly error: unknown } => {
      try {
        return this.#plan(write.op, write.query, write.newId);
      } catch (error) {
        return { error: surrealError(error, `write rows of ${describe(this.name)}`) };
      }
    });
    const sent = plans.flatMap((plan) => "error" in plan ? [] : [plan]);
    const answers = sent.length === 0
      ? []
      : await this.#do("write rows", () => ask(this.#db, sent.map(({ statement }) => statement)));
    if (answers.length !== sent.length) throw new InvalidAnswerError("SurrealDB did not answer each of the writes");
    let next = 0;
    return await Promise.all(plans.map((plan) => "error" in plan ? plan : this.#settled(plan, answers[next++])));
  }

  #plan(op: WriteOp, query: Query, newId?: string): Plan {
    return planOf(op, query, { schema: this.#target.schema, newId, where: (set) => whereQl(set, this.#target) });
  }

  async #write(op: WriteOp, query: Query, newId?: string): Promise<WriteAnswer> {
    const plan = this.#plan(op, query, newId);
    for (let attempt = 1;; attempt++) {
      const [answered] = await this.#do(plan.what, () => ask(this.#db, [plan.statement]), "");
      if (answered !== undefined && "error" in answered && isNotDone(answered.error) && attempt < MAX_TRIES) continue;
      const settled = await this.#settled(plan, answered);
      if ("error" in settled) throw settled.error;
      return settled.answer;
    }
  }

  async #settled(plan: Plan, answered: Answered | undefined): Promise<WriteResult> {
    try {
      if (answered === undefined) {
        throw new InvalidAnswerError(`SurrealDB did not answer whether it could ${plan.what}`);
      }
      if ("error" in answered) throw await this.#errorOf(plan, answered.error);
      const answer = plan.read(answered.result);
      if (!isMissing(answer)) return { answer };
      throw await this.#sees(answer.seen) ? answer.ignored : answer.missing;
    } catch (error) {
      return { error: surrealError(error, plan.what) };
    }
  }

  async #errorOf({ what, written }: Plan, error: unknown): Promise<unknown> {
    if (error instanceof Error && error.message.includes(FIXED)) {
      return new TypeError(`Cannot ${what}: it has another value for a column that SurrealDB computes or keeps`);
    }
    if (written === undefined || !isUnnamed(error)) return error;
    const isConflict = await isTaken(this.#db, this.#target.schema, written).catch(() => false);
    return isConflict
      ? new ConflictError(`Cannot ${what}: another row has one of its unique values`, { cause: error })
      : error;
  }

  async #sees(seen: Ql): Promise<boolean> {
    return recordsOf(await askOne(this.#db, seen)).length > 0;
  }

  #set(query: Query): { readonly from: Ql; readonly filter: Ql } {
    const { from, rest } = setOf(query, this.#target.schema);
    return { from, filter: this.#filter({ ...query, where: rest }) };
  }

  #filter(query: Query): Ql {
    const where = whereQl(query, this.#target);
    return where === undefined ? ql`` : ql` WHERE ${where}`;
  }

  #do<T>(what: string, work: () => Promise<T>, of = ` of ${describe(this.name)}`): Promise<T> {
    return answered(`${what}${of}`, work);
  }
}

/** A page far beyond all rows is as empty as any. */
const MAX_SKIP = 2 ** 40;

async function answered<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw surrealError(error, what);
  }
}

function recordsOf(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result;
  throw new InvalidAnswerError(`SurrealDB answered with ${describe(result)} where rows were meant`);
}

function checkColumns(chosen: readonly string[], { name, columns }: SurrealSchema): void {
  const names = ["id", ...columns.map((column) => column.name)];
  for (const column of chosen) {
    if (names.includes(column)) continue;
    throw new TypeError(`${describe(name)} has no column ${describe(column)}; accepted are ${names.join(", ")}`);
  }
}

function columnsOf(
  { columns, idType }: SurrealSchema,
  { titles, searchFields }: { readonly titles: readonly string[]; readonly searchFields: readonly string[] },
): readonly Column[] {
  const flagsOf = (
    { name, computed, mandatory }: Pick<SurrealColumn, "name" | "computed" | "mandatory">,
  ): readonly ColumnFlag[] => {
    const flags: Readonly<Record<Exclude<ColumnFlag, "hidden">, boolean>> = {
      id: name === "id",
      title: titles.includes(name),
      searchable: searchFields.includes(name),
      mandatory,
      generated: computed,
    };
    return Object.entries(flags).flatMap(([flag, isSet]) => isSet ? [flag as ColumnFlag] : []); // One of its keys.
  };
  const typeOf = (type: SurrealType): { readonly type?: string } =>
    type === ANY || type.declared === undefined ? {} : { type: type.declared };
  const id = { name: "id", computed: false, mandatory: false };
  return [
    { name: "id", ...typeOf(idType), flags: flagsOf(id) },
    ...columns.map((column) => ({ name: column.name, ...typeOf(column.type), flags: flagsOf(column) })),
  ];
}
