import { DatabaseSync } from "node:sqlite";
import mysqlClient from "mysql2/promise";
import postgresJs from "postgres";
import type { Row, Value } from "@vantage/live";
import {
  bind,
  mysql,
  postgres,
  Sql,
  type SqlColumn,
  type SqlDialect,
  sqlite,
  type SqlStatement,
  statementOf,
} from "@vantage/live/sql";
import { startMariaDb, WITHOUT_MARIADB } from "../../databases/mariadb_server.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../../databases/postgres_server.ts";
import { DATES, DOCUMENTS, FLOATS, type Held, INTEGERS, LIMITS, TEXTS } from "./arbitrary_sets.ts";

/** A database system that statements run on. */
export interface Engine {
  readonly name: string;
  readonly missing: string | undefined;
  readonly dialect: SqlDialect;
  readonly columns: readonly SqlColumn[];
  /** The columns with their types. */
  readonly create: string;
  readonly held: Held;
  /** The SQL of a value for a column, as it is to be inserted. */
  literal(value: Value, column: SqlColumn): string | ReturnType<typeof bind>;
  connect(): Promise<Connection>;
}

/** An open database. */
export interface Connection {
  run(statement: SqlStatement): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Names that break out of careless quotes, or reach a prototype. */
const [QUOTED, PROTO] = ['we"ird `name`', "__proto__"];

const COMMON: Held = {
  id: ["a", "B", "c", "\u00e9"],
  name: TEXTS,
  [QUOTED]: TEXTS,
  stock: [...INTEGERS, ...LIMITS],
  [PROTO]: INTEGERS,
  price: FLOATS,
  active: [true, false],
  at: DATES,
  raw: [new Uint8Array()],
  doc: DOCUMENTS,
};

const COLUMNS: readonly SqlColumn[] = [
  { name: "id", kind: "text", notNull: true },
  { name: "name", kind: "text" },
  { name: QUOTED, kind: "text" },
  { name: "stock", kind: "number", type: "int8" },
  { name: PROTO, kind: "number" },
  { name: "price", kind: "number", type: "float8" },
  { name: "active", kind: "boolean" },
  { name: "at", kind: "date" },
  { name: "raw", kind: "bytes" },
  { name: "doc", kind: "document" },
];

const quoted = (dialect: SqlDialect): Record<string, string> => ({
  quoted: dialect.quote(QUOTED),
  proto: dialect.quote(PROTO),
});

/** Inserts rows in one statement. */
export function insertOf(rows: readonly Row[], { dialect, columns, literal }: Engine): SqlStatement {
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
  const values = rows.flatMap((row, at) => [
    at === 0 ? "(" : ", (",
    ...columns.flatMap((column, place) => [place === 0 ? "" : ", ", literal(row[column.name] ?? null, column)]),
    ")",
  ]);
  return statementOf(new Sql([`INSERT INTO t (${names}) VALUES `, ...values]), dialect);
}

function textLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

const inSqlite: Engine = {
  name: "SQLite",
  missing: undefined,
  dialect: sqlite,
  columns: [...COLUMNS, { name: "ms", kind: "date", type: "INTEGER" }],
  create: `id TEXT PRIMARY KEY, name TEXT, ${quoted(sqlite).quoted} TEXT COLLATE NOCASE, stock INTEGER,
    ${quoted(sqlite).proto} INTEGER, price REAL, active BOOLEAN, at TEXT, raw BLOB, doc TEXT, ms INTEGER`,
  held: {
    ...COMMON,
    price: [...FLOATS, Infinity, -Infinity],
    ms: [...DATES, new Date(8.64e15), new Date(-8.64e15)],
    doc: DOCUMENTS.filter((document) => typeof document !== "object"),
  },
  literal: (value, { kind, type }) => {
    if (value === null) return "NULL";
    if (kind === "document") return bind(JSON.stringify(value));
    if (value instanceof Date) return bind(type === "INTEGER" ? value.getTime() : value.toISOString());
    if (typeof value === "boolean") return value ? "1" : "0";
    return bind(value as string);
  },
  connect: () => {
    const db = new DatabaseSync(":memory:");
    return Promise.resolve({
      run: ({ text, params }) => {
        const statement = db.prepare(text);
        statement.setReadBigInts(true);
        return Promise.resolve(statement.all(...params) as Row[]);
      },
      close: () => Promise.resolve(db.close()),
    });
  },
};

const inPostgres: Engine = {
  name: "PostgreSQL",
  missing: WITHOUT_POSTGRES,
  dialect: postgres,
  columns: [
    ...COLUMNS,
    { name: "local", kind: "date", type: "timestamp" },
    { name: "day", kind: "date", type: "date" },
    { name: "uid", kind: "text", type: "uuid" },
    { name: "exact", kind: "number" },
    { name: "rounded", kind: "number", type: "numeric" },
    { name: "single", kind: "number", type: "float4" },
    { name: "letter", kind: "text", type: "mood" },
    { name: "plain", kind: "document", type: "json" },
    { name: "list", kind: "document", type: "_int8" },
  ],
  create: `id TEXT PRIMARY KEY, name TEXT, ${quoted(postgres).quoted} VARCHAR, stock INT8, ${
    quoted(postgres).proto
  } INT4,
    price FLOAT8, active BOOL, at TIMESTAMPTZ, raw BYTEA, doc JSONB, local TIMESTAMP, day DATE, uid UUID, exact NUMERIC,
    rounded NUMERIC, single FLOAT4, letter mood, plain JSON, list INT8[]`,
  held: {
    ...COMMON,
    [PROTO]: [0, 1, 2, 10, -1, 2 ** 31 - 1],
    at: [...DATES, new Date("-000043-03-15"), new Date("+012345-06-07"), new Date(8.64e15), new Date(-8.64e15)],
    price: [...FLOATS, Infinity, -Infinity, NaN],
    local: [...DATES, new Date(8.64e15), new Date(-8.64e15)],
    day: DATES.filter((date) => date.getTime() % 86_400_000 === 0),
    uid: ["00000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-00000000000f"],
    exact: [...INTEGERS, ...LIMITS, 1.5, 0.1, 2n ** 70n, 2n ** 70n + 1n, NaN, Infinity],
    rounded: [0, 1.5, 0.1, 2 ** 53, NaN],
    single: [0, 1.5, Math.fround(0.1), 16_777_216, NaN, -Infinity],
    letter: ["b", "a", "B", "\u00e9"],
    plain: DOCUMENTS,
    list: [[], [1, 2], [2, 1], [null], [2n ** 53n + 1n]],
  },
  literal: (value, { kind, type = "" }) => {
    if (value === null) return "NULL";
    if (value instanceof Date) return textLiteral(postgresDate(value));
    if (value instanceof Uint8Array) return `decode('${hex(value)}', 'hex')`;
    if (type.startsWith("_")) return `'{${(value as readonly Value[]).map((item) => item ?? "NULL").join(",")}}'`;
    return textLiteral(kind === "document" ? JSON.stringify(value) : String(value));
  },
  connect: async () => {
    const server = await startPostgres();
    const client = postgresJs({ port: server.port, host: "127.0.0.1", user: "postgres", max: 1, onnotice: () => {} });
    await client`CREATE TYPE mood AS ENUM ('b', 'a', 'B', ${client.unsafe("'\u00e9'")})`;
    return {
      run: async ({ text, params }) => [...await client.unsafe(text, [...params] as string[])] as Row[],
      close: async () => {
        await client.end();
        await server.stop();
      },
    };
  },
};

const inMariaDb: Engine = {
  name: "MariaDB",
  missing: WITHOUT_MARIADB,
  dialect: mysql,
  // The client refuses the other.
  columns: COLUMNS.filter(({ name }) => name !== PROTO),
  create: `id VARCHAR(20) PRIMARY KEY, name TEXT, ${
    quoted(mysql).quoted
  } VARCHAR(20), stock BIGINT, price DOUBLE, active BOOLEAN, at DATETIME(3), raw VARBINARY(9), doc JSON`,
  held: without(PROTO, { ...COMMON, price: FLOATS.filter((price) => price !== 5e-324) }),
  literal: (value, { kind }) => {
    if (value === null) return "NULL";
    if (kind === "document") return bind(JSON.stringify(value));
    if (value instanceof Date) return textLiteral(value.toISOString().slice(0, -1).replace("T", " "));
    if (value instanceof Uint8Array) return `unhex('${hex(value)}')`;
    if (typeof value === "boolean") return value ? "1" : "0";
    return typeof value === "string" ? bind(value) : String(value);
  },
  connect: async () => {
    const server = await startMariaDb();
    const client = await mysqlClient.createConnection({ port: server.port, host: "127.0.0.1", user: "root" });
    await client.query("CREATE DATABASE shop CHARACTER SET utf8mb4");
    await client.query("USE shop");
    return {
      run: async ({ text, params }) => {
        const [rows] = await client.execute(text, [...params] as string[]);
        return Array.isArray(rows) ? rows as Row[] : [];
      },
      close: async () => {
        await client.end();
        await server.stop();
      },
    };
  },
};

/** The engines that are tried. */
export const ENGINES: readonly Engine[] = [inSqlite, inPostgres, inMariaDb];

function without(name: string, held: Held): Held {
  return Object.fromEntries(Object.entries(held).filter(([column]) => column !== name));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Written by other means than those that are tested: PostgreSQL reads every year with its era. */
function postgresDate(date: Date): string {
  const ms = date.getTime();
  if (Math.abs(ms) === 8.64e15) return ms > 0 ? "infinity" : "-infinity";
  const year = date.getUTCFullYear();
  const era = year > 0 ? year : 1 - year;
  return `${String(era).padStart(4, "0")}${date.toISOString().slice(-20, -1)}Z ${year > 0 ? "AD" : "BC"}`;
}
