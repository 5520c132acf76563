import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Query, UnsupportedError, type Value } from "@vantage/live";
import { mysql, postgres, type SqlDialect, sqlite, SqlQueries } from "@vantage/live/sql";

const COUNT = 10_000;

function queriesOf(dialect: SqlDialect): SqlQueries {
  const columns = [{ name: "name", kind: "text" }, { name: "n", kind: "number" }, {
    name: "at",
    kind: "date",
  }] as const;
  return new SqlQueries({ dialect, table: "t", columns, key: "name" });
}

describe("SqlQueries writes statements with very many values:", () => {
  for (const dialect of [postgres, sqlite, mysql]) {
    it(`${dialect.name}: as many conditions as are allowed`, () => {
      const values: readonly (readonly [column: string, convert: (at: number) => Value])[] = [
        ["name", String],
        ["n", (at) => at + 0.5],
        ["at", (at) => new Date(at)],
      ];
      for (const [column, convert] of values) {
        const where: Query["where"] = Array.from({ length: COUNT }, (_, at) => [column, "ne", convert(at)]);
        assert(queriesOf(dialect).list({ where }).params.length >= COUNT, column);
      }
    });

    it(`${dialect.name}: more values than can be bound are an UnsupportedError`, () => {
      const dates = Array.from({ length: 4 * COUNT }, (_, at) => new Date(at));
      assert.throws(
        () => queriesOf(dialect).list({ where: [["at", "in", dates], ["at", "notIn", dates]] }),
        UnsupportedError,
      );
    });
  }
});
