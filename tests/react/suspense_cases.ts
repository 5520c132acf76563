import { assert, assertDeepEqual, assertEqual } from "./assert.ts";
import { createElement as h, type ReactNode, startTransition, StrictMode, Suspense, useState } from "react";
import { type LiveHandle, RejectedError } from "@vantage/live";
import { useRows, useRowsSuspense } from "@vantage/live/react";
import { Boundary, type Cases, openScreen, openShop, quiet, until } from "./screen.ts";

const counts = { drawn: 0 };

function Prices({ handle }: { readonly handle: LiveHandle }): ReactNode {
  counts.drawn++;
  return Array.from(useRowsSuspense(handle).rows.values(), ({ price }) => price).join();
}

function within(handle: LiveHandle): ReactNode {
  return h(Suspense, { fallback: "waiting" }, h(Prices, { handle }));
}

export const SUSPENSE_CASES: Cases = {
  "useRowsSuspense() waits for rows, reads them once, and never waits again for newer ones": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const texts = screen.record();
    counts.drawn = 0;
    screen.draw(h(StrictMode, null, within(shop.table)));
    await until(() => screen.text === "1,2,3", "the rows");
    await quiet();
    // StrictMode draws twice.
    assert(counts.drawn <= 12, `It was drawn ${counts.drawn} times`);
    assertEqual(shop.lists, 1);
    await shop.rows.patchValue("a", { price: 7 });
    await shop.table.invalidate();
    await until(() => screen.text === "7,2,3", "what is new");
    assertDeepEqual(texts, ["", "waiting", "1,2,3", "7,2,3"]);
    assertEqual(shop.lists, 2);
  },

  "useRowsSuspense() of a handle that is made in each render, with its conditions in any order, waits once":
    async () => {
      await using shop = openShop();
      using screen = openScreen();
      counts.drawn = 0;
      const Found = (): ReactNode => {
        const isOdd = counts.drawn % 2 === 1;
        const handle = isOdd ? shop.table.where({ price: 1, name: "a" }) : shop.table.where({ name: "a", price: 1 });
        return h(Prices, { handle });
      };
      screen.draw(h(Suspense, { fallback: "waiting" }, h(Found)));
      await until(() => screen.text === "1", "the row");
      await quiet();
      assert(counts.drawn <= 6, `It was drawn ${counts.drawn} times`);
      assertEqual(shop.lists, 1);
    },

  "useRowsSuspense() of rows that are known does not wait": async () => {
    await using shop = openShop();
    await shop.table.listValues();
    using screen = openScreen();
    const texts = screen.record();
    screen.draw(within(shop.table));
    await until(() => screen.text === "1,2,3", "the rows");
    assertDeepEqual(texts, ["", "1,2,3"]);
    assertEqual(shop.lists, 1);
  },

  "useRowsSuspense() shows two components that wait for the same rows with one read, and in one commit": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const texts = screen.record();
    const { table } = shop;
    screen.draw(
      h(Suspense, { fallback: "waiting" }, h(Prices, { handle: table }), " and ", h(Prices, { handle: table })),
    );
    await until(() => screen.text === "1,2,3 and 1,2,3", "the rows");
    assertDeepEqual(texts, ["", "waiting", "1,2,3 and 1,2,3"]);
    assertEqual(shop.lists, 1);
  },

  "useRowsSuspense() in a transition to other rows keeps the old ones until the new ones are there": async () => {
    await using shop = openShop();
    using screen = openScreen();
    let showFrom: (price: number) => void = () => {};
    const Page = (): ReactNode => {
      const [price, setPrice] = useState(0);
      showFrom = setPrice;
      return within(shop.table.where("price", "gt", price).page(1));
    };
    screen.draw(h(Page));
    await until(() => screen.text === "1,2,3", "the rows");
    const texts = screen.record();
    const gate = shop.master.plan.hold("listValues");
    await shop.table.invalidate();
    startTransition(() => showFrom(1));
    await gate.reached;
    await quiet();
    gate.release();
    await until(() => screen.text === "2,3", "the other rows");
    assertDeepEqual(texts, ["1,2,3", "2,3"]);
  },

  "useRowsSuspense() throws for an error boundary what reading failed with, and reads again when it is drawn later":
    async () => {
      await using shop = openShop();
      using screen = openScreen();
      shop.master.plan.fail("listValues", new RejectedError("no"));
      screen.draw(h(Boundary, { key: 1 }, within(shop.table)));
      await until(() => screen.text === "thrown: no", "the error");
      screen.draw(h(Boundary, { key: 2 }, within(shop.table)));
      await quiet();
      assertEqual(screen.text, "thrown: no");
      assertEqual(shop.lists, 1);
      await shop.clock.advance(1_001);
      screen.draw(h(Boundary, { key: 3 }, within(shop.table)));
      await until(() => screen.text === "1,2,3", "the rows");
      assertEqual(shop.lists, 2);
    },

  "useRowsSuspense() of rows that may have no age at all asks once": async () => {
    await using shop = openShop({ maxAgeMs: 0, staleTimeMs: 0 });
    using screen = openScreen();
    screen.draw(within(shop.table));
    await until(() => screen.text === "1,2,3", "the rows");
    await quiet();
    assert(shop.lists <= 2, `The master was asked ${shop.lists} times: once to wait, and once to stay up to date`);
  },

  "useRowsSuspense() leaves nothing behind when it is gone before its rows are there": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const gate = shop.master.plan.hold("listValues");
    screen.draw(within(shop.table));
    await gate.reached;
    screen.draw(null);
    await until(() => screen.text === "", "an empty page");
    gate.release();
    await quiet();
    await shop.table.invalidate();
    await quiet();
    assertEqual(shop.lists, 1);
    assertEqual(shop.clock.waiting, 0);
  },

  "useRows() never waits, within Suspense either": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const texts = screen.record();
    const Count = (): ReactNode => `${useRows(shop.table).rows?.size ?? "…"} rows`;
    screen.draw(h(Suspense, { fallback: "waiting" }, h(Count)));
    await until(() => screen.text === "3 rows", "the rows");
    assertDeepEqual(texts, ["", "… rows", "3 rows"]);
  },
};
