import { DatabaseSync } from "node:sqlite";
import { quoted } from "./raw_table.ts";

/** Picks by chance, the same for the same seed. */
export interface Chance {
  pick<T>(choices: readonly T[]): T;
  below(limit: number): number;
}

/** A chance of the mulberry32 kind. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (choices) => choices[below(choices.length)] as (typeof choices)[number] };
}

const TYPES = [
  "",
  "TEXT",
  "INTEGER",
  "INT",
  "REAL",
  "NUMERIC",
  "DECIMAL(10,2)",
  "BLOB",
  "BOOLEAN",
  "DATE",
  "DATETIME",
  "TIMESTAMP",
  "STRING",
  "UUID",
  "VARCHAR(20)",
  "JSON",
  "DOUBLE",
  "BIGINT",
  "datetime(6)",
];
const STRICT_TYPES = ["TEXT", "INTEGER", "INT", "REAL", "BLOB", "ANY"];
const NAMES = ["a", "b c", "select", 'q"uote', "rowid", "x.y", "__proto__", "\u00e9", "oid", "d,e", "~f", "G"];
const COLLATIONS = ["", "", "", " COLLATE NOCASE", " COLLATE RTRIM"];
const DEFAULTS = [
  "",
  "",
  "'it''s'",
  "5",
  "-1.5",
  "NULL",
  "word",
  '"a"',
  "[b c]",
  "CURRENT_TIMESTAMP",
  "(1 + 1)",
  "x'00ff'",
  "true",
];

/** Values of every storage class, as SQL. */
const VALUES = [
  "NULL",
  "0",
  "1",
  "-1",
  "7",
  "42",
  "9007199254740993",
  "9223372036854775807",
  "-9223372036854775808",
  "1.5",
  "3.0",
  "1e300",
  "9e999",
  "-9e999",
  "-0.0",
  "''",
  "'a'",
  "'A'",
  "'a '",
  "'7'",
  "'007'",
  "'1e3'",
  "'~n'",
  "'a,b'",
  "'~'",
  "'caf\u00e9'",
  "'\u{1f950}'",
  "CAST(x'610062' AS TEXT)",
  "x''",
  "x'61'",
  "x'00ff'",
  "'2024-01-01'",
  "'2024-02-30'",
  "'1999-12-31 23:59:59'",
  "'2024-01-01T10:00:00.123Z'",
  "'2024-01-01 10:00:00.123456'",
  "'2024-01-01 10:00:00+02:00'",
  "'9999-12-31'",
  "'-000043-03-15'",
  "'+012345-01-01T00:00:00.000Z'",
  "1700000000",
  "1700000000123",
  "1700000000.5",
  "2460310.5",
  "20240101",
  "'{\"a\": 1}'",
  "'[1]'",
  "'\"x\"'",
  "'null'",
  "'true'",
  "'not json {'",
  "'Infinity'",
];

/** A table `t` of a shape and with rows drawn by chance. Rows that its constraints refuse are left out. */
export function randomDatabase(chance: Chance): { readonly db: DatabaseSync; readonly sql: string } {
  const strict = chance.below(6) === 0;
  const names = NAMES.filter(() => chance.below(3) === 0).slice(0, 5);
  if (names.length === 0) names.push("a");
  const columns = names.map((name) => ({ name, type: chance.pick(strict ? STRICT_TYPES : TYPES) }));
  const definitions = columns.map(({ name, type }) => {
    const value = chance.pick(DEFAULTS);
    const given = value === "" || strict ? "" : ` DEFAULT ${value}`;
    return `${quoted(name)} ${type}${given}${type === "JSON" ? "" : chance.pick(COLLATIONS)}${
      chance.below(6) === 0 ? " NOT NULL" : ""
    }`;
  });
  const keyed = chance.pick([0, 1, 1, 1, 2, 3]);
  const keys = columns.slice(0, keyed).map(({ name }) => `${quoted(name)}${chance.pick(["", "", " DESC"])}`);
  const conflict = chance.pick(["", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE"]);
  if (keys.length > 0) definitions.push(`PRIMARY KEY (${keys.join(", ")})${conflict}`);
  if (chance.below(4) === 0) {
    definitions.splice(columns.length, 0, `gen AS (typeof(${quoted(names[0] ?? "a")}) || '!')${strict ? "" : ""}`);
  }
  if (strict) definitions.forEach((text, at) => definitions[at] = text.replace(/^gen AS/, "gen TEXT AS"));
  const options = [strict ? "STRICT" : "", keys.length > 0 && chance.below(3) === 0 ? "WITHOUT ROWID" : ""].filter(
    Boolean,
  );
  const table = `CREATE TABLE t (${definitions.join(", ")}) ${options.join(", ")}`;
  const db = new DatabaseSync(":memory:");
  const statements = [table];
  if (chance.below(3) === 0) {
    const touched = quoted(chance.pick(names));
    statements.push(...chance.pick([
      [`CREATE TABLE log (n)`, `CREATE TRIGGER after AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1); END`],
      [`CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END`],
      [`CREATE TRIGGER no BEFORE UPDATE ON t BEGIN SELECT RAISE(FAIL, 'no'); END`],
      [`CREATE TRIGGER no BEFORE INSERT ON t WHEN typeof(NEW.${touched}) = 'text' BEGIN SELECT RAISE(ABORT, 'no'); END`],
    ]));
  }
  for (let row = 0; row < 12; row++) {
    const values = columns.map(() => chance.pick(VALUES));
    statements.push(`INSERT OR IGNORE INTO t (${names.map(quoted).join(", ")}) VALUES (${values.join(", ")})`);
  }
  for (const statement of statements) {
    try {
      db.exec(statement);
    } catch (error) {
      if (statement === table) throw new Error(`${table}: ${error}`);
    }
  }
  return { db, sql: statements.join(";\n") };
}
