import { describe } from "node:test";
import assert from "node:assert/strict";
import { skippable } from "../skippable.ts";
import { NO_BROWSER, withChromiumTabs } from "./chromium.ts";
import { NO_FIREFOX, withFirefoxTabs } from "./firefox.ts";
import { openTabShop, type TabShop } from "./tab_shop.ts";
import { type OpenTab, type Tab, withFolder } from "./tabs.ts";

/** The driver of a browser. */
interface Engine {
  readonly name: string;
  /** Why it cannot be driven here. */
  readonly reason: string | undefined;
  readonly withTabs: (folder: string, use: (openTab: OpenTab) => Promise<void>) => Promise<void>;
  readonly crashes: boolean;
  readonly freezes: boolean;
  /** Whether a profile is there when the browser is started again. */
  readonly keepsProfiles: boolean;
}

const ENGINES: readonly Engine[] = [
  {
    name: "Chromium",
    reason: NO_BROWSER,
    withTabs: withChromiumTabs,
    crashes: true,
    freezes: true,
    keepsProfiles: true,
  },
  {
    name: "Firefox",
    reason: NO_FIREFOX,
    withTabs: withFirefoxTabs,
    crashes: false,
    freezes: false,
    keepsProfiles: true,
  },
];

/** Opens tabs of the shop, one after the other: the first one leads. */
async function openTabs(openTab: OpenTab, { url }: TabShop, count: number): Promise<readonly Tab[]> {
  const tabs: Tab[] = [];
  while (tabs.length < count) {
    const tab = await openTab(url);
    // What it can be asked for is there once its script has run.
    await tab.ask("globalThis.opened ?? new Promise((resolve) => globalThis.onOpened = resolve)");
    await sees([tab], "a", 1);
    tabs.push(tab);
  }
  return tabs;
}

async function sees(tabs: readonly Tab[], id: string, price: number): Promise<void> {
  for (const tab of tabs) await tab.ask(`sees("${id}", ${price})`);
}

async function accepts(tab: Tab | undefined, id: string, price: number): Promise<void> {
  await tab?.ask(`accepts("${id}", ${price})`);
}

/** The first tab has sent a write, and disappears before its answer is here: another one goes on with what it did. */
async function isReplaced(openTab: OpenTab, shop: TabShop, disappear: (tab: Tab) => Promise<void>): Promise<void> {
  const [first, ...others] = await openTabs(openTab, shop, 3);
  assert(first !== undefined);
  await shop.streams(1);
  const release = shop.holdAnswers();
  await accepts(first, "b", 2);
  await shop.applies(1);
  await accepts(others[0], "c", 3);
  await disappear(first);
  release();
  await shop.applies(2);
  await sees(others, "b", 2);
  await sees(others, "c", 3);
  await shop.edit("a", 4);
  await sees(others, "a", 4);
  await others[1]?.ask("isDrained()");
  assert.deepEqual(shop.applied, ["b=2", "c=3", "a=4"]);
  assert.equal(shop.opened, 2);
}

for (const { name, reason, withTabs, crashes, freezes, keepsProfiles } of ENGINES) {
  const inTabs =
    (run: (openTab: OpenTab, shop: TabShop, folder: string) => Promise<void>) => async (): Promise<void> => {
      const shop = await openTabShop();
      try {
        await withFolder((folder) => withTabs(folder, (openTab) => run(openTab, shop, folder)));
      } finally {
        await shop.close();
      }
    };

  describe(`Tabs in ${name}`, () => {
    skippable(
      "hold one stream together, and all see what one of them or somebody else writes",
      reason,
      inTabs(async (openTab, shop) => {
        const tabs = await openTabs(openTab, shop, 3);
        await shop.edit("a", 5);
        await sees(tabs, "a", 5);
        for (const [index, tab] of tabs.entries()) {
          await accepts(tab, "b", index + 10);
          await sees(tabs, "b", index + 10);
        }
        assert.deepEqual(shop.applied, ["a=5", "b=10", "b=11", "b=12"]);
        assert.equal(shop.opened, 1);
      }),
    );

    skippable(
      "replace one that is closed: each write is applied once, and one stream is open",
      reason,
      inTabs(async (openTab, shop) => {
        await isReplaced(openTab, shop, (tab) => tab.close());
        await shop.streams(1);
      }),
    );

    skippable(
      "replace one that crashes: each write is applied once, and one stream is open",
      reason ?? (crashes ? undefined : "all tabs of an origin are one process"),
      inTabs(async (openTab, shop) => {
        await isReplaced(openTab, shop, async (tab) => await tab.crash?.());
        await shop.streams(1);
      }),
    );

    skippable(
      "replace one that is frozen, and what it does when it wakes up changes nothing",
      reason ?? (freezes ? undefined : "no driver stops one tab alone"),
      inTabs(async (openTab, shop) => {
        let frozen: Tab | undefined;
        let thaw: (() => Promise<void>) | undefined;
        await isReplaced(openTab, shop, async (tab) => {
          frozen = tab;
          thaw = await tab.freeze?.();
        });
        await thaw?.();
        assert(frozen !== undefined);
        await sees([frozen], "a", 4);
        await shop.streams(1);
        await frozen.ask("isDrained()");
        assert.deepEqual(shop.applied, ["b=2", "c=3", "a=4"]);
        await shop.edit("d", 9);
        await sees([frozen], "d", 9);
      }),
    );

    skippable(
      "keep what is written while the server is away, also when the browser is ended and started again",
      reason ?? (keepsProfiles ? undefined : "a driven browser keeps no profile"),
      async () => {
        const shop = await openTabShop();
        await withFolder(async (folder) => {
          await withTabs(folder, async (openTab) => {
            const tabs = await openTabs(openTab, shop, 2);
            shop.isOnline = false;
            for (const [tab, ids] of [[tabs[0], "abc"], [tabs[1], "def"]] as const) {
              for (const id of ids) await accepts(tab, id, 7);
            }
          });
          assert.deepEqual(shop.applied, []);
          await withTabs(folder, async (openTab) => {
            const tab = await openTab(shop.url);
            await tab.ask("globalThis.opened ?? new Promise((resolve) => globalThis.onOpened = resolve)");
            shop.isOnline = true;
            await shop.applies(6);
            await tab.ask("isDrained()");
          });
        });
        assert.deepEqual([...shop.applied].sort(), [..."abcdef"].map((id) => `${id}=7`));
        await shop.close();
      },
    );
  });
}
