/** Classes of the client's values, which mark their instances with a registered symbol. */
export type SurrealClass = "DateTime" | "Decimal" | "Duration" | "Geometry" | "RecordId" | "Uuid";

const MARKS: ReadonlyMap<SurrealClass, symbol> = new Map(
  (["DateTime", "Decimal", "Duration", "Geometry", "RecordId", "Uuid"] as const).map((name) =>
    [name, Symbol.for(`surrealdb.${name}`)] as const
  ),
);

/** The class of a value, if it is one of those that a row can hold. */
export function classOf(value: object): SurrealClass | undefined {
  for (const [name, mark] of MARKS) if (mark in value) return name;
  return undefined;
}

/** A record id, as the client has it. */
export interface RecordIdLike {
  /** The table, or an object whose text is its name. */
  readonly table: unknown;
  /** The key. */
  readonly id: unknown;
}

/** Whether a value is a `RecordId` of the client. */
export function isRecordId(value: unknown): value is RecordIdLike {
  return typeof value === "object" && value !== null && classOf(value) === "RecordId";
}

/** The name of the table of a record id. */
export function tableOf({ table }: RecordIdLike): string {
  return typeof table === "object" && table !== null && "name" in table ? String(table.name) : String(table);
}
