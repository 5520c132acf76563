import { assertDeepEqual, assertEqual } from "./assert.ts";
import { createElement as h, type ReactNode, startTransition, Suspense, useLayoutEffect, useState } from "react";
import type { LiveHandle } from "@vantage/live";
import { useDeferredRows, useRow, useRows } from "@vantage/live/react";
import { type Cases, openScreen, openShop, quiet, type Shop, until } from "./screen.ts";

/** What is loaded for each text, once `load` was called for it; a component that shows it waits until then. */
function pictures(): { readonly show: (text: string) => string; readonly load: (text: string) => void } {
  const all = new Map<string, { isThere: boolean; readonly promise: Promise<void>; readonly resolve: () => void }>();
  const of = (text: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const picture = all.get(text) ?? { isThere: false, promise, resolve };
    all.set(text, picture);
    return picture;
  };
  return {
    show: (text) => {
      const { isThere, promise } = of(text);
      if (!isThere) throw promise;
      return text;
    },
    load: (text) => {
      of(text).isThere = true;
      of(text).resolve();
    },
  };
}

/** Draws something for a row that has to be loaded first, such as its picture; the texts that were seen while the row changes. */
async function seenWhileLoading(
  useAny: (handle: LiveHandle) => Pick<ReturnType<typeof useRows>, "rows">,
): Promise<readonly string[]> {
  await using shop = openShop();
  using screen = openScreen();
  const { show, load } = pictures();
  const Picture = ({ text }: { readonly text: string }): ReactNode => show(text);
  const Shown = (): ReactNode => {
    const price = String(useAny(shop.table).rows?.get("a")?.price);
    return h(Suspense, { fallback: "waiting" }, h(Picture, { text: price }));
  };
  load("undefined");
  load("1");
  screen.draw(h(Shown));
  await until(() => screen.text === "1", "the first picture");
  const texts = screen.record();
  await shop.table.patchValue("a", { price: 9 });
  await quiet();
  load("9");
  await until(() => screen.text === "9", "the next picture");
  return [...texts];
}

/** Takes some time to draw, as large components do, so that React pauses between several of them. */
function takeTime(): void {
  for (const end = performance.now() + 4; performance.now() < end;);
}

/** The prices that each commit shows, while 40 components are drawn in a transition during which the price changes. */
async function seenInTransition(usePrice: (shop: Shop) => unknown): Promise<readonly string[]> {
  await using shop = openShop({ optimistic: true });
  await shop.table.listValues();
  using screen = openScreen();
  const seen: string[] = [];
  let show: (count: number) => void = () => {};
  const Price = (): ReactNode => {
    takeTime();
    return h("i", null, String(usePrice(shop)));
  };
  const Page = (): ReactNode => {
    const [count, setCount] = useState(1);
    show = setCount;
    useLayoutEffect(() => {
      const prices = Array.from(screen.element.querySelectorAll("i"), ({ textContent }) => textContent);
      seen.push(`${prices.length > 1 ? "many" : "one"} ${[...new Set(prices)].join("|")}`);
    });
    return Array.from({ length: count }, (_, key) => h(Price, { key }));
  };
  screen.draw(h(Page));
  await until(() => screen.text === "1", "the price");
  await quiet();
  startTransition(() => show(40));
  // React has drawn some of them when this task comes.
  await new Promise((resolve) => setTimeout(resolve, 20));
  void shop.table.patchValue("a", { price: 9 });
  await until(() => screen.text === "9".repeat(40), "the new price everywhere");
  return [...seen];
}

export const CONCURRENT_CASES: Cases = {
  "useDeferredRows() keeps the old content while what follows from new rows is loaded": async () => {
    assertDeepEqual(await seenWhileLoading(useDeferredRows), ["1", "9"]);
  },

  "useRows() does not, since React takes the news of a store for urgent": async () => {
    assertDeepEqual(await seenWhileLoading(useRows), ["1", "waiting", "9"]);
  },

  "useDeferredRows() keeps the rows of an earlier handle until those of a new one are there": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const Found = ({ handle }: { readonly handle: LiveHandle }): ReactNode => {
      const { rows, isPlaceholder } = useDeferredRows(handle);
      return `${Array.from(rows?.values() ?? [], ({ price }) => price).join()}${isPlaceholder ? " searching" : ""}`;
    };
    screen.draw(h(Found, { handle: shop.table.page(1) }));
    await until(() => screen.text === "1,2,3", "the rows");
    const texts = screen.record();
    await shop.table.invalidate();
    await quiet();
    const gate = shop.master.plan.hold("listValues");
    screen.draw(h(Found, { handle: shop.table.where("price", "gt", 1).page(1) }));
    await shop.table.invalidate();
    await quiet();
    gate.release();
    await until(() => screen.text === "2,3", "the other rows");
    assertDeepEqual(texts, ["1,2,3", "1,2,3 searching", "2,3"]);
  },

  "useDeferredRows() leaves nothing behind": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const Count = (): ReactNode => String(useDeferredRows(shop.table).rows?.size);
    screen.draw(h(Count));
    await until(() => screen.text === "3", "the rows");
    screen.draw(null);
    await until(() => screen.text === "", "an empty page");
    await quiet();
    await shop.clock.advance(60);
    assertEqual(shop.clock.waiting, 0);
    await shop.table.invalidate();
    await quiet();
    assertEqual(shop.lists, 1);
  },

  "useRows() shows one price in all components of a commit, if it changes while they are drawn": async () => {
    const seen = await seenInTransition(({ table }) => useRows(table).rows?.get("a")?.price);
    assertDeepEqual(seen.filter((text) => text.includes("|")), []);
  },

  "useRow() shows one price in all components of a commit, if it changes while they are drawn": async () => {
    const seen = await seenInTransition(({ table }) => useRow(table, "a").row?.price);
    assertDeepEqual(seen.filter((text) => text.includes("|")), []);
  },
};
