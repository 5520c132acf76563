import { after, describe } from "node:test";
import assert from "node:assert/strict";
import { skippable } from "../skippable.ts";
import { ask, ENGINES, opened } from "./engines.ts";
import { openTabShop, type TabShop } from "./tab_shop.ts";
import { newFolder, type OpenBrowser, removeFolder, type Tab } from "./tabs.ts";

/** A tab, and what it was opened as. */
interface NamedTab {
  readonly name: string;
  readonly tab: Tab;
}

/** More changes than the log keeps. */
const MANY = 12;

/** What runs in a shop and in some of its tabs. */
interface Opened {
  readonly browser: OpenBrowser;
  readonly shop: TabShop;
  readonly tabs: readonly NamedTab[];
}

/** Opens a tab that is subscribed. */
async function openTab(browser: OpenBrowser, { url }: TabShop, name: string): Promise<NamedTab> {
  const tab = await opened(browser, `${url}/?tab=${name}`);
  await ask(tab, `emits("changed", 0)`);
  return { name, tab };
}

/** Changes a row; resolves with what each tab has emitted since, once it has that change. */
async function editSeenBy(tabs: readonly NamedTab[], shop: TabShop, id: string): Promise<string[][]> {
  const from = await countsOf(tabs);
  await shop.edit(id, 2);
  return await emits(tabs, `updated ${id}`, from);
}

async function countsOf(tabs: readonly NamedTab[]): Promise<number[]> {
  const counts: number[] = [];
  for (const { tab } of tabs) counts.push(Number(await ask(tab, "count()")));
  return counts;
}

/** What each tab has emitted from its place on, once that has `wanted` in it. */
async function emits(tabs: readonly NamedTab[], wanted: string, from: readonly number[]): Promise<string[][]> {
  const all: string[][] = [];
  for (const [at, { tab }] of tabs.entries()) {
    all.push(await ask(tab, `emits(${JSON.stringify(wanted)}, ${from[at]})`) as string[]);
  }
  return all;
}

/** The first tab goes: the next one takes over, which is a gap for all, and they have what happens from then on. */
async function isHandedOver({ shop, tabs }: Opened, leave: (tab: Tab) => Promise<void>): Promise<void> {
  const [first, ...others] = tabs;
  assert(first !== undefined);
  const from = await countsOf(others);
  await leave(first.tab);
  const holder = await shop.heldByOther(first.name);
  await emits(others, "changed", from);
  for (const emitted of await editSeenBy(others, shop, "a")) {
    assert.equal(emitted.filter((each) => each === "updated a").length, 1);
  }
  await shop.streams(1);
  assert.deepEqual(shop.holders, [holder]);
}

for (const { name: engine, reason, open, crashes, freezes, asksMeanwhile } of ENGINES) {
  let opening: Promise<OpenBrowser> | undefined;
  let folder: string | undefined;
  /** Each shop is an origin of its own. The first tab holds the stream. */
  const inTabs = (run: (opened: Opened) => Promise<void>) => async (): Promise<void> => {
    const shop = await openTabShop("stream_page.ts");
    try {
      folder ??= await newFolder();
      const browser = await (opening ??= open(folder));
      const tabs: NamedTab[] = [];
      for (const name of ["1", "2", "3"]) {
        tabs.push(await openTab(browser, shop, name));
        await shop.streams(1);
      }
      // The last of the gaps with which it begins is before this.
      await editSeenBy(tabs, shop, "f");
      await run({ browser, shop, tabs });
      for (const { tab } of tabs) await tab.close().catch(() => {}); // Some are gone.
    } finally {
      await shop.close();
    }
  };

  describe(`The stream that tabs share in ${engine}`, () => {
    after(async () => {
      await (await opening)?.close();
      if (folder !== undefined) await removeFolder(folder);
    });

    skippable(
      "is held by the first tab, and what it emits reaches all of them, once",
      reason,
      inTabs(async ({ shop, tabs }) => {
        for (const id of ["a", "b", "c"]) {
          for (const emitted of await editSeenBy(tabs, shop, id)) assert.deepEqual(emitted, [`updated ${id}`]);
        }
        assert.deepEqual(shop.holders, ["1"]);
        assert.equal(shop.opened, 1);
      }),
    );

    skippable(
      "stays where it is when another tab is closed",
      reason,
      inTabs(async ({ shop, tabs }) => {
        await tabs[1]?.tab.close();
        await editSeenBy(tabs.filter(({ name }) => name !== "2"), shop, "a");
        assert.deepEqual(shop.holders, ["1"]);
        assert.equal(shop.opened, 1);
      }),
    );

    skippable(
      "is handed over when its tab is closed, which is a gap for the others",
      reason,
      inTabs((opened) => isHandedOver(opened, (tab) => tab.close())),
    );

    skippable(
      "is handed over when its tab crashes, which is a gap for the others",
      reason ?? (crashes ? undefined : "no driver ends one tab alone"),
      inTabs((opened) => isHandedOver(opened, async (tab) => await tab.crash?.())),
    );

    skippable(
      "begins with a gap for a tab that is opened again",
      reason,
      inTabs(async ({ browser, shop, tabs: [first, second, third] }) => {
        assert(first !== undefined && second !== undefined && third !== undefined);
        await third.tab.close();
        await editSeenBy([first, second], shop, "a");
        const again = await openTab(browser, shop, "3");
        const [[begin] = []] = await emits([again], "changed", [0]);
        assert.equal(begin, "changed");
        await editSeenBy([first, second, again], shop, "b");
        await again.tab.close();
      }),
    );

    skippable(
      "is handed over when its tab is frozen, and what that does when it wakes up changes nothing",
      reason ?? (freezes ? undefined : "no driver stops one tab alone"),
      inTabs(async ({ shop, tabs }) => {
        const [first, ...others] = tabs;
        assert(first !== undefined);
        await editSeenBy(tabs, shop, "a");
        const from = await countsOf(tabs);
        const thaw = await first.tab.freeze?.();
        const holder = await shop.heldByOther(first.name);
        await shop.edit("b", 3);
        await emits(others, "updated b", from.slice(1));
        await thaw?.();
        // It has what the others logged, and nothing from its own connection.
        await emits([first], "updated b", from);
        await shop.streams(1);
        assert.deepEqual(shop.holders, [holder]);
        await shop.edit("c", 4);
        for (const emitted of await emits(tabs, "updated c", from)) {
          assert.deepEqual(emitted.filter((each) => each !== "changed"), ["updated b", "updated c"]);
        }
      }),
    );

    skippable(
      "gives a tab that was frozen what it missed, or a gap if that is more than the log has",
      reason ?? (asksMeanwhile ? undefined : "the driver waits for the tab that is frozen"),
      inTabs(async ({ shop, tabs }) => {
        const [first, second, frozen] = tabs;
        assert(first !== undefined && second !== undefined && frozen !== undefined);
        const missed = async (count: number, id: string): Promise<string[]> => {
          const from = await countsOf(tabs);
          const thaw = await frozen.tab.freeze?.();
          // One by one: on a busy machine they would be more than the log has for the others too.
          for (let edit = 1; edit <= count; edit++) await editSeenBy([first, second], shop, "d");
          await editSeenBy([first, second], shop, id);
          await thaw?.();
          const [emitted = []] = await emits([frozen], id === "a" ? "updated a" : "changed", from.slice(2));
          return emitted;
        };
        assert.deepEqual(await missed(2, "a"), ["updated d", "updated d", "updated a"]);
        const [begin] = await missed(MANY, "b");
        assert.equal(begin, "changed");
        await editSeenBy(tabs, shop, "c");
        assert.deepEqual(shop.holders, ["1"]);
      }),
    );
  });
}
