import { describe } from "../../base/describe.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Order, Query } from "../../table/query.ts";
import { field } from "../../table/row.ts";
import type { FoundRow } from "./surreal_values.ts";
import { idTextQl } from "./surreal_id_conditions.ts";
import { type Place, placeOf, readNumberQl, readTextQl, textTypes } from "./surreal_place.ts";
import { param, type Ql, ql, separated } from "./surreal_ql.ts";
import { columnOf, type SurrealSchema } from "./surreal_schema.ts";

/** The kinds of values in their order, by SurrealDB's names of their types. */
const RANKS: Readonly<Record<string, number>> = {
  none: 0,
  null: 0,
  bool: 1,
  int: 2,
  float: 2,
  decimal: 4,
  datetime: 3,
  string: 4,
  duration: 4,
  record: 4,
  uuid: 4,
  bytes: 5,
  array: 6,
  set: 6,
};

/** Of documents, whose types have names of more words. */
const LAST_RANK = 7;

/** What an order adds to a SELECT: expressions with names, and terms that end in the id. */
export interface OrderQl {
  /** Additional expressions, each preceded by a comma. */
  readonly selected: Ql;
  /** The clause that leaves them out of the rows. */
  readonly omitted: string;
  readonly terms: string;
}

/** The order of a query. Only the first order of a column counts. */
export function orderQl({ orderBy = [] }: Query, schema: SurrealSchema): OrderQl {
  const orders = new Map<string, Order[1]>();
  for (const [name, direction] of orderBy) if (!orders.has(name)) orders.set(name, direction);
  const names: string[] = [];
  const terms: string[] = [];
  const expressions = [...orders].flatMap(([name, direction]) =>
    expressionsOf(name, schema).map((expression) => {
      const alias = `\`vantage order ${names.length}\``;
      names.push(alias);
      terms.push(`${alias} ${direction === "asc" ? "ASC" : "DESC"}`);
      return ql`, ${expression} AS ${alias}`;
    })
  );
  return {
    selected: separated(expressions, ""),
    omitted: names.length === 0 ? "" : ` OMIT ${names.join(", ")}`,
    terms: [...terms, "id"].join(", "),
  };
}

/**
 * Refuses rows that were ordered by a document: SurrealDB orders documents in another way. They come last, so the rows
 * before them are in their place.
 */
export function checkOrder(found: readonly FoundRow[], { orderBy = [] }: Query): void {
  for (const [name] of orderBy) {
    for (const { row } of found) {
      const value = field(row, name);
      if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) continue;
      throw new UnsupportedError(`Cannot order documents: some rows hold a list or object in ${describe(name)}`);
    }
  }
}

function expressionsOf(name: string, schema: SurrealSchema): readonly Ql[] {
  const place = placeOf(name, schema);
  const { path, kind } = place;
  if (name === "id") {
    if (schema.idType.kind === "string") return [ql`record::id(id)`];
    const ranks = param({ int: 2, string: 4, uuid: 4, array: 6 });
    const isText = "type::is_string(record::id(id)) OR type::is_uuid(record::id(id))";
    return [
      ql`(${ranks}[type::of(record::id(id))] ?? ${param(LAST_RANK)})`,
      ql`(IF ${isText} { ${idTextQl(schema)} } ELSE { record::id(id) })`,
    ];
  }
  switch (kind) {
    case "any":
      return [rankQl(place), valueQl(place)];
    case "array":
    case "set":
    case "geometry":
      throw new UnsupportedError(`Cannot order documents: the column ${describe(name)} holds lists or objects`);
    case "decimal":
      if (place.hasDecimalNumbers) return [ql`(IF type::is_decimal(${path}) { ${readNumberQl(place)} } ELSE { NULL })`];
      throw new UnsupportedError(
        `Cannot order by the decimals of ${describe(name)}: they are texts, unless decimals: "number"`,
      );
    case "duration":
    case "record":
      return [ql`(IF type::is_${kind}(${path}) { ${readTextQl(place)} } ELSE { NULL })`];
    default: {
      const type = columnOf(schema, name)?.type;
      const isNullable = type === undefined || type.none || type.null;
      return [isNullable ? ql`(${path} ?? NULL)` : ql`${path}`];
    }
  }
}

function rankQl({ path, hasDecimalNumbers }: Place): Ql {
  const ranks = hasDecimalNumbers ? { ...RANKS, decimal: 2 } : RANKS;
  return ql`(${param(ranks)}[type::of(${path})] ?? ${param(LAST_RANK)})`;
}

function valueQl(place: Place): Ql {
  const { path } = place;
  const isText = ql`type::of(${path}) IN ${param(textTypes(place))}`;
  const number = place.hasDecimalNumbers ? readNumberQl(place) : path;
  return ql`(IF ${isText} { ${readTextQl(place)} } ELSE { ${number} ?? NULL })`;
}
