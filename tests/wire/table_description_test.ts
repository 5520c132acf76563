import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defineTable, MemTable, OPERATORS } from "@vantage/live";
import { shownUrl } from "../../src/wire/http_url.ts";
import { describeTable, toTableDescription } from "../../src/wire/table_description.ts";
import { WRITE_VERBS } from "../../src/table/verbs.ts";

const TABLE = new MemTable("products", {
  idField: "id",
  columns: [{ name: "id", type: "TEXT", flags: ["id", "mandatory"] }, { name: "__proto__" }, {
    name: "note",
    flags: [],
  }],
});

function parsed(input: unknown): unknown {
  return JSON.parse(JSON.stringify(input));
}

describe("The description of a table", () => {
  it("describeTable() and toTableDescription() carry what a table says of itself", () => {
    const description = describeTable(TABLE, new Set(WRITE_VERBS));
    const { name, idField, columns, capabilities } = toTableDescription(parsed(description));
    assert.deepEqual([name, idField, columns], ["products", "id", TABLE.columns]);
    assert.deepEqual(capabilities, TABLE.capabilities);
  });

  it("describeTable() leaves the writes out where the table is read-only, and the id's column where there is none", () => {
    const list = defineTable({ name: "list", list: () => [] });
    const { capabilities, ...rest } = describeTable(list, new Set());
    assert.deepEqual(rest, { protocol: 1, name: "list", columns: [] });
    for (const verb of WRITE_VERBS) assert.equal(capabilities[verb], false);
    const readOnly = toTableDescription(parsed(describeTable(TABLE, new Set()))).capabilities;
    assert.deepEqual([readOnly.get, readOnly.where, readOnly.patch], [true, OPERATORS, false]);
  });

  it("toTableDescription() leaves out what it does not know, and adds nothing", () => {
    const later = {
      ...describeTable(TABLE, new Set(WRITE_VERBS)),
      columns: [{ name: "a", type: 5, flags: ["title", "shiny", "__proto__"], width: 3 }],
      capabilities: { get: "yes", count: 1, where: ["eq", "like", "toString", 5], teleport: true },
      motto: "x",
    };
    assert.deepEqual(toTableDescription(later), {
      protocol: 1,
      name: "products",
      idField: "id",
      columns: [{ name: "a", flags: ["title"] }],
      capabilities: {
        ...Object.fromEntries(Object.keys(TABLE.capabilities).map((name) => [name, false])),
        where: ["eq"],
      },
    });
  });

  it("toTableDescription() refuses what is none with a TypeError that names the part", () => {
    const good = { protocol: 1, name: "x", columns: [], capabilities: { where: [] } };
    toTableDescription(good);
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ...[undefined, null, 5, "x", [], [good]].map((input): [unknown, RegExp] => [input, /^description/]),
      ...[undefined, 0, 2, "1"].map((protocol): [unknown, RegExp] => [{ ...good, protocol }, /^protocol/]),
      ...[undefined, "", 5, null].map((name): [unknown, RegExp] => [{ ...good, name }, /^name/]),
      ...[null, 5, {}].map((idField): [unknown, RegExp] => [{ ...good, idField }, /^idField/]),
      ...[undefined, null, {}, "x"].map((columns): [unknown, RegExp] => [{ ...good, columns }, /^columns/]),
      ...[null, 5, "x", []].map((column): [unknown, RegExp] => [{ ...good, columns: [column] }, /^column/]),
      [{ ...good, columns: [{}] }, /name of a column/],
      [{ ...good, columns: [{ name: 5 }] }, /name of a column/],
      [{ ...good, columns: [{ name: "a", flags: "id" }] }, /^flags/],
      ...[undefined, null, [], "x"].map((
        capabilities,
      ): [unknown, RegExp] => [{ ...good, capabilities }, /^capabilities/]),
      [{ ...good, capabilities: {} }, /^where/],
      [{ ...good, capabilities: { where: { length: 1 } } }, /^where/],
    ];
    for (const [input, message] of wrong) {
      assert.throws(() => toTableDescription(input), { name: "TypeError", message }, JSON.stringify(input));
    }
  });

  it("toTableDescription() takes any JSON, or refuses it with a TypeError", () => {
    const anything = fc.jsonValue({ maxDepth: 4 });
    const nearly = fc.record({
      protocol: fc.constant(1),
      name: fc.string({ minLength: 1 }),
      idField: fc.option(anything, { nil: undefined }),
      columns: fc.oneof(anything, fc.array(fc.record({ name: fc.string(), flags: anything }))),
      capabilities: fc.oneof(anything, fc.record({ where: fc.array(anything) })),
    });
    fc.assert(fc.property(fc.oneof(anything, nearly), (input) => {
      try {
        const description = toTableDescription(input);
        assert.deepEqual(toTableDescription(parsed(description)), description);
      } catch (error) {
        assert(error instanceof TypeError, String(error));
      }
    }));
  });
});

describe("A URL in messages", () => {
  it("shownUrl() leaves out whatever could be a credential", () => {
    const url = new URL("https://ann:s3cret@example.com:8443/a%20b/c?token=s3cret#s3cret");
    assert.equal(shownUrl(url), "https://example.com:8443/a%20b/c");
  });
});
