import { assert, assertDeepEqual, assertEqual } from "./assert.ts";
import * as React from "react";
import { createElement as h, memo, type ReactNode, StrictMode, Suspense, useLayoutEffect, useState } from "react";
import {
  type LiveHandle,
  type LiveSnapshot,
  ManualLiveStream,
  MemOutbox,
  RejectedError,
  type Row,
} from "@vantage/live";
import { useRow, useRows, useWrites } from "@vantage/live/react";
import { Boundary, type Cases, openScreen, openShop, quiet, until } from "./screen.ts";

const never = new Promise<never>(() => {});

/** In React 19.2 and later. */
const { Activity } = React as { readonly Activity?: React.ComponentType<{ mode: string; children: ReactNode }> };

function pricesIn({ rows, status }: Pick<LiveSnapshot, "rows" | "status">): string {
  return rows === undefined ? status : Array.from(rows.values(), ({ price }) => price).join();
}

function Prices({ handle }: { readonly handle: LiveHandle }): ReactNode {
  return pricesIn(useRows(handle));
}

export const ROWS_CASES: Cases = {
  "useRows() draws rows, and draws them again when they change": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const texts = screen.record();
    screen.draw(h(Prices, { handle: shop.table }));
    await until(() => screen.text === "1,2,3", "the rows");
    await shop.table.patchValue("b", { price: 9 });
    await until(() => screen.text === "1,9,3", "the change");
    await shop.table.delete("a");
    await until(() => screen.text === "9,3", "the deletion");
    assertDeepEqual(texts, ["", "pending", "1,2,3", "1,9,3", "9,3"]);
    assertEqual(shop.lists, 1);
  },

  "useRows() of 1000 rows: a row that changes is the only one that is drawn again, with its list": async () => {
    await using shop = openShop({}, 1_000);
    using screen = openScreen();
    const drawn = { lists: 0, rows: 0 };
    const Item = memo(({ row }: { readonly row: Row }): ReactNode => {
      drawn.rows++;
      return h("li", null, String(row.price));
    });
    const List = (): ReactNode => {
      drawn.lists++;
      return Array.from(useRows(shop.table).rows ?? [], ([id, row]) => h(Item, { key: id, row }));
    };
    screen.draw(h(List));
    await until(() => screen.element.childElementCount === 1_000, "the rows");
    await quiet();
    Object.assign(drawn, { lists: 0, rows: 0 });
    await shop.table.patchValue("p500", { price: -1 });
    await until(() => screen.element.children[500]?.textContent === "-1", "the change");
    await quiet();
    assertDeepEqual(drawn, { lists: 1, rows: 1 });
  },

  "useRow() in 1000 components: a row that changes is the only one that is drawn again; no row is read for itself":
    async () => {
      await using shop = openShop({}, 1_000);
      using screen = openScreen();
      await shop.table.listValues();
      let drawn = 0;
      const Item = ({ id }: { readonly id: string }): ReactNode => {
        drawn++;
        return h("li", null, String(useRow(shop.table, id).row?.price));
      };
      screen.draw(Array.from({ length: 1_000 }, (_, at) => h(Item, { key: at, id: `p${at}` })));
      await until(() => screen.element.childElementCount === 1_000, "the rows");
      assertEqual(screen.element.children[7]?.textContent, "8");
      await quiet();
      drawn = 0;
      await shop.table.patchValue("p500", { price: -1 });
      await until(() => screen.element.children[500]?.textContent === "-1", "the change");
      await quiet();
      assertEqual(drawn, 1);
      assertEqual(shop.master.plan.count("getValue"), 0);
    },

  "useRows() of a handle that is made in each render subscribes once, and draws as often as it must": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const counts = { drawn: 0, subscribed: 0 };
    let again: (n: number) => void = () => {};
    /** The table, with subscriptions that are counted. */
    const counting = (n: number): LiveHandle => {
      const [below, called] = [["price", "lt", 2], ["name", "eq", "a"]] as const;
      const { table } = shop;
      const handle = n % 2 === 0 ? table.where(...below).where(...called) : table.where(...called).where(...below);
      const { store } = handle.observe();
      if (!counted.has(store)) {
        counted.set(store, {
          ...store,
          subscribe: (listener) => {
            counts.subscribed++;
            return store.subscribe(listener);
          },
        });
      }
      return { observe: () => ({ store: counted.get(store) }) } as unknown as LiveHandle;
    };
    const counted = new Map<object, ReturnType<LiveHandle["observe"]>["store"]>();
    const Found = (): ReactNode => {
      const [n, setN] = useState(0);
      again = setN;
      counts.drawn++;
      return `${n}: ${pricesIn(useRows(counting(n)))}`;
    };
    screen.draw(h(Found));
    await until(() => screen.text === "0: 1", "the row");
    await quiet();
    counts.drawn = 0;
    for (let n = 1; n <= 10; n++) {
      again(n);
      await until(() => screen.text === `${n}: 1`, "another render");
    }
    assertDeepEqual(counts, { drawn: 10, subscribed: 1 });
    assertEqual(shop.lists, 1);
  },

  "useRows() draws no more often than there are snapshots: getSnapshot() gives the same object": async () => {
    await using shop = openShop();
    using screen = openScreen();
    let drawn = 0;
    const Counted = (): ReactNode => {
      drawn++;
      return pricesIn(useRows(shop.table));
    };
    screen.draw(h(Counted));
    await until(() => screen.text === "1,2,3", "the rows");
    await quiet();
    assert(drawn <= 3, `pending, fetching and success were drawn ${drawn} times`);
  },

  "useRows() in two roots, of two handles of the same rows, costs one read": async () => {
    await using shop = openShop();
    using one = openScreen();
    using other = openScreen();
    one.draw(h(Prices, { handle: shop.table.orderBy("name") }));
    other.draw(h(Prices, { handle: shop.table.orderBy("name") }));
    await until(() => one.text === "1,2,3" && other.text === "1,2,3", "the rows");
    assertEqual(shop.lists, 1);
  },

  "useRows() starts nothing in a render that is thrown away": async () => {
    await using shop = openShop();
    using screen = openScreen();
    let drawn = 0;
    const Never = (): ReactNode => {
      throw never;
    };
    const Counted = (): ReactNode => {
      drawn++;
      return h(Prices, { handle: shop.table });
    };
    screen.draw(h(Suspense, { fallback: "waiting" }, h(Counted), h(Never)));
    await until(() => screen.text === "waiting" && drawn > 0, "the fallback");
    await quiet();
    assertEqual(shop.lists, 0);
    assertEqual(shop.table.stats().masterReads, 0);
    assertEqual(shop.clock.waiting, 0);
  },

  "useRows() in StrictMode reads once, and leaves nothing behind": async () => {
    await using shop = openShop();
    using screen = openScreen();
    screen.draw(h(StrictMode, null, h(Prices, { handle: shop.table })));
    await until(() => screen.text === "1,2,3", "the rows");
    assertEqual(shop.lists, 1);
    screen.draw(null);
    await until(() => screen.text === "", "an empty page");
    await quiet();
    await shop.clock.advance(60);
    assertEqual(shop.clock.waiting, 0);
    await shop.table.invalidate();
    await quiet();
    assertEqual(shop.lists, 1);
  },

  "useRows() in a hidden <Activity> costs nothing, and shows what is new when it is seen again": async () => {
    if (Activity === undefined) return; // React 18 has none.
    await using shop = openShop();
    using screen = openScreen();
    const page = (mode: string): ReactNode =>
      h(Activity, { mode, children: h("p", null, h(Prices, { handle: shop.table })) });
    screen.draw(page("visible"));
    await until(() => screen.text === "1,2,3", "the rows");
    screen.draw(page("hidden"));
    await until(() => screen.text === "", "a hidden page");
    await quiet();
    await shop.clock.advance(60);
    assertEqual(shop.clock.waiting, 0);
    await shop.rows.patchValue("a", { price: 7 });
    await shop.table.invalidate();
    await quiet();
    assertEqual(shop.lists, 1);
    screen.draw(page("visible"));
    await until(() => screen.text === "7,2,3", "what is new");
    assertEqual(shop.lists, 2);
  },

  "useRows() shows what has changed while it was hidden, though nothing draws it when it is seen again": async () => {
    if (Activity === undefined) return; // React 18 has none.
    await using shop = openShop();
    using screen = openScreen();
    let again: (n: number) => void = () => {};
    const Kept = (): ReactNode => {
      const [n, setN] = useState(0);
      again = setN;
      return h("p", null, `${n}: `, pricesIn(useRows(shop.table)));
    };
    const kept = h(Kept);
    const page = (mode: string): ReactNode => [
      h("p", { key: "shown" }, h(Prices, { handle: shop.table })),
      h(Activity, { key: "kept", mode, children: kept }),
    ];
    screen.draw(page("visible"));
    await until(() => screen.text === "1,2,30: 1,2,3", "the rows");
    again(1);
    await until(() => screen.text === "1,2,31: 1,2,3", "another render");
    screen.draw(page("hidden"));
    await until(() => screen.text === "1,2,3", "one of them");
    await quiet();
    await shop.table.patchValue("a", { price: 9 });
    await until(() => screen.text === "9,2,3", "the change");
    screen.draw(page("visible"));
    await until(() => screen.text === "9,2,31: 9,2,3", "the change in both");
  },

  "useRows() shows a change between the first drawing and the subscription, in StrictMode within Suspense":
    async () => {
      await using shop = openShop({ optimistic: true });
      await shop.table.listValues();
      using screen = openScreen();
      const Writer = (): ReactNode => {
        useLayoutEffect(() => void shop.table.patchValue("a", { price: 9 }), []);
        return null;
      };
      screen.draw(
        h(StrictMode, null, h(Suspense, { fallback: "waiting" }, h(Prices, { handle: shop.table }), h(Writer))),
      );
      await until(() => screen.text === "9,2,3", "the change");
      await shop.table.idle();
      await quiet();
      assertEqual(screen.text, "9,2,3");
    },

  "useRows() shows an edit at once and for good: old, new, whatever the master's delay, failures and echoes":
    async () => {
      const liveStream = new ManualLiveStream();
      await using shop = openShop({ optimistic: true, liveStream });
      using screen = openScreen();
      screen.draw(h(Prices, { handle: shop.table }));
      await until(() => screen.text === "1,2,3", "the rows");
      const texts = screen.record();
      const gate = shop.master.plan.hold("patchValue");
      const write = shop.table.patchValue("a", { price: 9 });
      await until(() => screen.text === "9,2,3", "the edit");
      await gate.reached;
      liveStream.push({ kind: "updated", id: "a" });
      await quiet();
      gate.release();
      await write;
      for (let echo = 0; echo < 2; echo++) {
        liveStream.push({ kind: "updated", id: "a" });
        await quiet();
      }
      await shop.table.invalidate();
      await quiet();
      assertDeepEqual(texts, ["1,2,3", "9,2,3"]);
    },

  "useRows() takes back an edit that is refused, once": async () => {
    await using shop = openShop({ optimistic: true });
    using screen = openScreen();
    screen.draw(h(Prices, { handle: shop.table }));
    await until(() => screen.text === "1,2,3", "the rows");
    const texts = screen.record();
    shop.master.plan.fail("patchValue", new RejectedError("no"));
    const gate = shop.master.plan.hold("patchValue", "before");
    const write = shop.table.patchValue("a", { price: 9 });
    gate.release();
    await write.catch(() => {});
    await quiet();
    assertEqual(texts.at(-1), "1,2,3");
    assert(texts.length <= 3, texts.join(" then "));
  },

  "useRows() keeps rows that cannot be read again, with the error": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const Shown = (): ReactNode => {
      const { rows, error, status } = useRows(shop.table);
      return `${pricesIn({ rows, status } as LiveSnapshot)} ${(error as Error | undefined)?.message ?? ""}`;
    };
    screen.draw(h(Shown));
    await until(() => screen.text === "1,2,3 ", "the rows");
    shop.master.plan.fail("listValues", new RejectedError("no"));
    await shop.table.invalidate();
    await until(() => screen.text === "1,2,3 no", "the error");
    await shop.table.close();
    await until(() => screen.text.startsWith("1,2,3 Cannot watch"), "the end of the table");
  },

  "useRows() of another handle shows the other rows": async () => {
    await using shop = openShop();
    using screen = openScreen();
    screen.draw(h(Prices, { handle: shop.table }));
    await until(() => screen.text === "1,2,3", "the rows");
    screen.draw(h(Prices, { handle: shop.table.where("price", "gt", 1) }));
    await until(() => screen.text === "2,3", "the other rows");
    await using other = openShop({}, 2);
    screen.draw(h(Prices, { handle: other.table }));
    await until(() => screen.text === "1,2", "the rows of another table");
  },

  "useRow() shows one row, reads no list, and follows its id": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const One = ({ id }: { readonly id: string }): ReactNode => {
      const { row, status, isPending } = useRow(shop.table, id);
      return `${id} ${status} ${row?.price ?? "none"}${isPending ? " pending" : ""}`;
    };
    screen.draw(h(One, { id: "a" }));
    await until(() => screen.text === "a success 1", "the row");
    screen.draw(h(One, { id: "z" }));
    await until(() => screen.text === "z success none", "that there is none");
    await shop.table.insertValue("z", { price: 26 });
    await until(() => screen.text === "z success 26", "the new row");
    assertEqual(shop.lists, 0);
  },

  "useWrites() shows what is pending, and what has failed until it is dealt with": async () => {
    await using shop = openShop({ outbox: new MemOutbox() });
    using screen = openScreen();
    const Saving = (): ReactNode => {
      const { pending, failed } = useWrites(shop.table);
      return `${pending.length} pending, ${failed.map(({ failure }) => failure.message).join()}`;
    };
    screen.draw(h(StrictMode, null, h(Saving)));
    await until(() => screen.text === "0 pending, ", "nothing");
    shop.master.plan.fail("patchValue", new RejectedError("no"), "after");
    const gate = shop.master.plan.hold("patchValue");
    const writes = [shop.table.patchValue("a", { price: 9 }), shop.table.patchValue("b", { price: 9 })];
    await until(() => screen.text.startsWith("1 pending, no") || screen.text.startsWith("2 pending"), "the writes");
    gate.release();
    await Promise.allSettled(writes);
    await until(() => screen.text === "0 pending, no", "the failure");
    const [failed] = await shop.table.failedWrites();
    await shop.table.discard(failed?.id ?? "");
    await until(() => screen.text === "0 pending, ", "nothing again");
  },

  "a hostile text in a cell stays a text": async () => {
    await using shop = openShop();
    using screen = openScreen();
    const text = `<img src=x onerror="document.title='broken'"></script>`;
    await shop.rows.patchValue("a", { price: text });
    screen.draw(h(Prices, { handle: shop.table.where("name", "eq", "a") }));
    await until(() => screen.text === text, "the text");
    assertEqual(screen.element.childElementCount, 0);
    assertEqual(document.title, "React");
  },

  "what is no handle is refused with one clear message": async () => {
    using screen = openScreen();
    for (
      const [given, said] of [[undefined, "undefined"], [{ rows: [] }, "an object"], ["products", "products"]] as const
    ) {
      screen.draw(h(Boundary, { key: said }, h(Prices, { handle: given as unknown as LiveHandle })));
      await until(() => screen.text.startsWith("thrown: useRows() takes a LiveTable, or a handle of one, got "), said);
    }
    await using shop = openShop();
    const One = (): ReactNode => String(useRow(shop.table, 5 as unknown as string).status);
    screen.draw(h(Boundary, { key: "id" }, h(One)));
    await until(() => screen.text === "thrown: An id must be a string, got number 5", "the id");
  },
};
