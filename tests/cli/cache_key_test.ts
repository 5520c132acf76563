import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Arguments } from "../../cli/args.ts";
import { cacheKeyOf, placesOf } from "../../cli/places.ts";

function keyOf(master: string): string {
  return cacheKeyOf("products", placesOf(new Arguments([], new Map([["master", [master]]]))).master);
}

describe("The cache key of a table", () => {
  it("is another one for each user of a database, who may see other rows", () => {
    for (const [scheme, place] of [["postgres", "127.0.0.1/shop"], ["surrealdb", "127.0.0.1/shop/bakery"]] as const) {
      const users = ["", "marty@", "doc@", "doc:secret@"].map((user) => keyOf(`${scheme}://${user}${place}`));
      assert.equal(new Set(users).size, 3, scheme);
      assert.equal(users[2], users[3], scheme);
    }
    const path = keyOf("postgres://127.0.0.1/shop?search_path=other");
    assert.notEqual(path, keyOf("postgres://127.0.0.1/shop"));
  });
});
