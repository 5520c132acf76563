import { isDate } from "../../base/realm.ts";
import { escapeKeyPart } from "../../cache/cache_key.ts";
import { compareText, kindOf } from "../../table/compare_values.ts";
import type { Query } from "../../table/query.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import { fieldOf, type KvDatabase } from "./deno_kv_database.ts";
import type { KvAtomic, KvKey, KvStamp } from "./deno_kv_handle.ts";

/** The most values of an `in` that are looked for in an index. */
const MAX_LOOKUPS = 100;
/** How much of a text tells it from others. What has the same beginning is told apart by the rows. */
const MAX_TEXT = 100;

/** The indexes that there are, and the version of this list, which every write checks. */
interface Schema {
  readonly stamp: KvStamp;
  /** The columns that every write indexes. */
  readonly columns: readonly string[];
  /** Those of them of which all rows are in the index. */
  readonly built: readonly string[];
}

/**
 * The secondary indexes of a table: an entry for each indexed column of each row, written in the same step as the row.
 * Which columns are indexed is stored, and each write checks that it has not changed: so a process that knows of fewer
 * indexes leaves none incomplete.
 */
export class KvIndexes {
  readonly #db: KvDatabase;
  readonly #prefix: KvKey;
  #schema: Schema;

  private constructor(db: KvDatabase, prefix: KvKey, schema: Schema) {
    this.#db = db;
    this.#prefix = prefix;
    this.#schema = schema;
  }

  /** The indexes of the table whose rows have this prefix. */
  static async open(db: KvDatabase, prefix: KvKey): Promise<KvIndexes> {
    return new KvIndexes(db, prefix, await readSchema(db, prefix));
  }

  /** Whether all rows are in the index of a column. */
  has(column: string): boolean {
    return this.#schema.built.includes(column);
  }

  /** Makes every write from now on index these columns too. */
  async declare(columns: readonly string[]): Promise<void> {
    while (columns.some((column) => !this.#schema.columns.includes(column))) {
      const all = [...new Set([...this.#schema.columns, ...columns])];
      await this.#change({ columns: all, built: this.#schema.built });
    }
  }

  /** All rows are in the indexes of these columns. */
  async complete(columns: readonly string[]): Promise<void> {
    while (columns.some((column) => !this.has(column))) {
      const built = [...new Set([...this.#schema.built, ...columns])];
      await this.#change({ columns: this.#schema.columns, built });
    }
  }

  /** Reads again which columns are indexed: a write has found that this has changed. */
  async refresh(): Promise<void> {
    this.#schema = await readSchema(this.#db, this.#prefix);
  }

  /** Adds to a step what keeps the indexes as the row is. The step fails if other columns are indexed by then. */
  update(step: KvAtomic, id: string, before: Row | undefined, after: Row | undefined): void {
    step.check(this.#schema.stamp);
    for (const column of this.#schema.columns) {
      const [old, now] = [before, after].map((row) => row && this.#key(column, field(row, column), id));
      if (old !== undefined) step.delete(old);
      if (now !== undefined) step.set(now, true);
    }
  }

  /**
   * The ids of all rows that a query may select, by the first condition that an index knows; `undefined` if it knows
   * none. There may be more: values that are alike share a place.
   */
  async candidates({ where = [] }: Query): Promise<readonly string[] | undefined> {
    for (const [column, operator, operand = null] of where) {
      const values = operator === "eq" ? [operand] : operator === "in" && Array.isArray(operand) ? operand : undefined;
      if (values === undefined || values.length > MAX_LOOKUPS || !this.has(column)) continue;
      const ids = new Set<string>();
      for (const place of new Set(values.map(placeOf))) for await (const id of this.#idsAt(column, place)) ids.add(id);
      return [...ids].sort(compareText);
    }
    return undefined;
  }

  async *#idsAt(column: string, place: string): AsyncGenerator<string> {
    for await (const { key } of this.#db.list(this.#parts(column, place))) yield String(key.at(-1));
  }

  #key(column: string, value: Value, id: string): KvKey {
    return this.#db.key(...this.#parts(column, placeOf(value)), id);
  }

  #parts(column: string, place: string): KvKey {
    return ["index", this.#prefix.length, ...this.#prefix, escapeKeyPart(column), place];
  }

  async #change(schema: Omit<Schema, "stamp">): Promise<void> {
    const key = schemaKey(this.#db, this.#prefix);
    const { stamp } = this.#schema;
    await this.#db.commit((step) => step.check(stamp).set(key, schema));
    await this.refresh();
  }
}

async function readSchema(db: KvDatabase, prefix: KvKey): Promise<Schema> {
  const [stamp] = await db.read([schemaKey(db, prefix)]);
  const names = (field: string): readonly string[] => {
    const found = fieldOf(stamp.value, field);
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  };
  return { stamp, columns: names("columns"), built: names("built") };
}

function schemaKey(db: KvDatabase, prefix: KvKey): KvKey {
  return db.key("indexes", prefix.length, ...prefix);
}

/** Where a value is in an index: equal values are in the same place. */
function placeOf(value: Value): string {
  const kind = kindOf(value);
  switch (kind) {
    case "text":
      return `text ${escapeKeyPart(String(value)).slice(0, MAX_TEXT)}`;
    case "number":
      return `number ${Number(value)}`;
    case "boolean":
      return `boolean ${value}`;
    case "date":
      return `date ${isDate(value) ? Date.prototype.getTime.call(value) : ""}`;
    default:
      return kind;
  }
}
