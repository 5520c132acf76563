import {
  type Capabilities,
  type Condition,
  NotFoundError,
  type Operator,
  OPERATORS,
  type Query,
  type Row,
  type TableSource,
} from "@vantage/live";

/** How much of a verb a source has: its function, none, or a function that its capabilities deny. */
export type Presence = "present" | "absent" | "hidden";

/** What a source can do by itself. */
export interface Abilities {
  readonly where: readonly Operator[];
  readonly page: boolean;
  readonly orderBy: boolean;
  readonly search: boolean;
  readonly get: Presence;
  readonly count: Presence;
  readonly deleteAll: Presence;
  readonly scoped: boolean;
}

/** All combinations of them. */
export const ALL_ABILITIES: readonly Abilities[] = [[], ["eq"], OPERATORS].flatMap((where) =>
  combinations(["page", "orderBy", "search", "scoped"], [false, true]).flatMap((flags) =>
    combinations(["get", "count", "deleteAll"], ["present", "absent", "hidden"] as const)
      .map((verbs): Abilities => ({ where: where as readonly Operator[], ...flags, ...verbs }))
  )
);

/** A source with these abilities over `rows`, which writes change. It fails when it is asked for more than it can do. */
export function partialSource(rows: Map<string, Row>, abilities: Abilities): TableSource {
  const { where, page, orderBy, search, get, count, deleteAll, scoped } = abilities;
  const refuseUnknown = (query: Query): Query => {
    const isKnown = (query.where ?? []).every(([, operator]) => where.includes(operator)) &&
      (search || query.search === undefined) && (orderBy || query.orderBy === undefined) &&
      (page || query.pagination === undefined);
    if (!isKnown) throw new Error(`The source was asked for more than it can do: ${JSON.stringify(query)}`);
    return query;
  };
  const find = (id: string, query: Query): Row | undefined => {
    if (!scoped && (query.where ?? query.search) !== undefined) throw new Error("The source does not look at queries");
    const row = rows.get(id);
    return row !== undefined && matches(row, refuseUnknown(query)) ? row : undefined;
  };
  const capabilities: Partial<Capabilities> = {
    page,
    where,
    orderBy,
    search,
    ...(get === "hidden" && { get: false }),
    ...(count === "hidden" && { count: false }),
    ...(deleteAll === "hidden" && { deleteAll: false }),
  };
  return {
    name: "t",
    scoped,
    capabilities,
    list: ({ query }) => answerOf(rows, refuseUnknown(query)),
    ...(get !== "absent" && { get: (id, { query }) => find(id, query) }),
    ...(count !== "absent" && { count: ({ query }) => answerOf(rows, refuseUnknown(query)).length }),
    insert: (id, row) => rows.get(id) ?? (rows.set(id, row), row),
    replace: (id, row) => (rows.set(id, row), row),
    patch: (id, partial, { query }) => {
      const row = find(id, query);
      if (row === undefined) throw new NotFoundError(`no row ${id}`);
      rows.set(id, { ...row, ...partial });
      return { ...row, ...partial };
    },
    delete: (id, { query }) => void (find(id, query) !== undefined && rows.delete(id)),
    ...(deleteAll !== "absent" && {
      deleteAll: ({ query }) => answerOf(rows, refuseUnknown(query)).forEach(([id]) => rows.delete(id)),
    }),
  };
}

/** Whether the source has to leave a condition, the search, or (if `ordered`) the order of this query to others. */
export function leavesWork(query: Query, { where, search, orderBy }: Abilities, ordered: boolean): boolean {
  return (query.where ?? []).some(([, operator]) => !where.includes(operator)) ||
    (query.search !== undefined && !search) || (ordered && query.orderBy !== undefined && !orderBy);
}

type Entry = readonly [id: string, row: Row];

/** The rows of a query, by the shortest code there is. Values are `null`, whole numbers and text of ASCII. */
function answerOf(rows: ReadonlyMap<string, Row>, query: Query): Entry[] {
  const found = [...rows].filter(([, row]) => matches(row, query));
  for (const [column, direction] of [...query.orderBy ?? []].reverse()) {
    const sign = direction === "asc" ? 1 : -1;
    found.sort(([, a], [, b]) => sign * (rankOf(a[column]) - rankOf(b[column])));
  }
  const { pagination } = query;
  return pagination === undefined ? found : found.slice(pagination.skip, pagination.skip + pagination.limit);
}

/** `null`, then numbers, then text by its first letter: the texts here have no more. */
function rankOf(value: Row[string] | undefined): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? 1000 + (value.codePointAt(0) ?? -1) : -1000;
}

function matches(row: Row, { where = [], search }: Query): boolean {
  return where.every((condition) => holds(row, condition)) && (search === undefined ||
    Object.values(row).some((value) =>
      typeof value === "string" && value.toLowerCase().includes(search.toLowerCase())
    ));
}

function holds(row: Row, [column, operator, operand]: Condition): boolean {
  const value = row[column] ?? null;
  const isAlike = typeof value === typeof operand && value !== null;
  const difference = rankOf(value) - rankOf(operand);
  const isMember = Array.isArray(operand) && operand.includes(value);
  return {
    eq: value === operand,
    ne: value !== operand,
    gt: isAlike && difference > 0,
    gte: isAlike && difference >= 0,
    lt: isAlike && difference < 0,
    lte: isAlike && difference <= 0,
    in: isMember,
    notIn: !isMember,
    isNull: value === null,
    notNull: value !== null,
  }[operator];
}

function combinations<K extends string, V>(names: readonly K[], values: readonly V[]): Record<K, V>[] {
  return names.reduce<Record<string, V>[]>(
    (made, name) => made.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  ) as Record<K, V>[]; // Each name is a key by now.
}
