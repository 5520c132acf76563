import { Pagination } from "../../table/pagination.ts";
import type { Query } from "../../table/query.ts";
import { quoteName } from "../sql/quote_name.ts";
import { joinSql, type Sql, sql } from "../sql/sql.ts";
import { type SqlTarget, whereSql } from "../sql/sql_conditions.ts";
import { orderSql } from "../sql/sql_order.ts";
import { idSql } from "./postgres_ids.ts";
import type { PostgresKeyset } from "./postgres_keyset.ts";
import type { PostgresReader } from "./postgres_reader.ts";
import type { PostgresRow } from "./postgres_client.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** From this many rows on that a page skips, these are not read as a whole. */
const DEEP_SKIP = 1_000;

/** Writes the statements that read a table. */
export class PostgresSelects {
  /** Whether each row has a place in every order. Rows with equal keys cannot be told from each other. */
  readonly hasPlaces: boolean;
  readonly #schema: PostgresSchema;
  readonly #reader: PostgresReader;
  readonly #target: SqlTarget;

  constructor(schema: PostgresSchema, reader: PostgresReader, target: SqlTarget) {
    const { key: { unique, columns } } = schema;
    this.hasPlaces = unique && columns.every(({ notNull }) => notNull);
    this.#schema = schema;
    this.#reader = reader;
    this.#target = target;
  }

  /** The condition for the set of a query, narrowed to one id if given; `undefined` for all rows. */
  where(query: Query, id?: string): Sql | undefined {
    const where = whereSql(query, this.#target);
    if (id === undefined) return where;
    const key = idSql(this.#schema, id);
    return where === undefined ? key : joinSql([key, where], "AND");
  }

  /** Counts the set of a query. */
  count(query: Query): Sql {
    return sql`SELECT count(*)::text AS n FROM ${this.#schema.sqlName}${filterOf([this.where(query)])}`;
  }

  /** Selects the rows of a query, on its page. */
  list(query: Query): Sql {
    const isDeep = this.hasPlaces && (query.pagination?.skip ?? 0) >= DEEP_SKIP;
    return isDeep ? this.#deepPage(query) : this.#selection(this.#reader.selected, query);
  }

  /** Selects the rows that come after one in the order of a query, or the first. */
  next(query: Query, keyset: PostgresKeyset, after: PostgresRow | undefined, count: number): Sql {
    const page = { ...query, pagination: new Pagination(1, count) };
    return this.#selection(`${this.#reader.selected}, ${keyset.selected}`, page, after && keyset.after(after));
  }

  #selection(selected: string, query: Query, after?: Sql): Sql {
    const { dialect, sqlName } = this.#schema;
    const page = query.pagination === undefined ? sql`` : sql` ${dialect.page(query.pagination)}`;
    const from = sql`SELECT ${selected} FROM ${sqlName}${filterOf([this.where(query), after])}`;
    return sql`${from} ORDER BY ${orderSql(query, this.#target)}${page}`;
  }

  /** The same as a selection, but of the rows that are skipped only the keys are read, which an index may have. */
  #deepPage(query: Query): Sql {
    const { sqlName, key, prefix } = this.#schema;
    const keys = key.columns.map(({ name }, at) => ({ name: quoteName(name), label: `${prefix}p${at}` }));
    const page = this.#selection(keys.map(({ name, label }) => `${name} AS ${label}`).join(", "), query);
    const isSame = keys.map(({ name, label }) => `${sqlName}.${name} = page.${label}`).join(" AND ");
    const from = sql`SELECT ${this.#reader.selected} FROM ${sqlName} JOIN (${page}) AS page ON ${isSame}`;
    return sql`${from} ORDER BY ${orderSql(query, this.#target)}`;
  }
}

function filterOf(conditions: readonly (Sql | undefined)[]): Sql {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql`` : sql` WHERE ${joinSql(given, "AND")}`;
}
