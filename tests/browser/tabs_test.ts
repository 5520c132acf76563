import { after, describe } from "node:test";
import assert from "node:assert/strict";
import { skippable } from "../skippable.ts";
import { ask, ENGINES, opened } from "./engines.ts";
import { openTabShop, type TabShop } from "./tab_shop.ts";
import { inBrowser, newFolder, type OpenBrowser, removeFolder, type Tab, withFolder } from "./tabs.ts";

/** How long a frozen tab keeps the others waiting. */
const SHORT_LEASE_MS = 5_000;
/** Longer than a busy machine keeps a tab waiting: none that is alive loses it. */
const LONG_LEASE_MS = 60_000;

/** Opens tabs of the shop, one after the other: the first one leads. */
async function openTabs(
  browser: OpenBrowser,
  shop: TabShop,
  count: number,
  leaseMs: number,
): Promise<readonly Tab[]> {
  const tabs: Tab[] = [];
  while (tabs.length < count) {
    const tab = await opened(browser, `${shop.url}/?lease=${leaseMs}`);
    await sees([tab], "a", 1);
    tabs.push(tab);
  }
  return tabs;
}

async function sees(tabs: readonly Tab[], id: string, price: number): Promise<void> {
  for (const tab of tabs) await ask(tab, `sees("${id}", ${price})`);
}

async function accepts(tab: Tab | undefined, id: string, price: number): Promise<void> {
  assert(tab !== undefined);
  await ask(tab, `accepts("${id}", ${price})`);
}

/** The first tab has sent a write, and disappears before its answer is here: another one goes on with what it did. */
async function isReplaced(
  browser: OpenBrowser,
  shop: TabShop,
  leaseMs: number,
  disappear: (tab: Tab) => Promise<void>,
): Promise<void> {
  const [first, ...others] = await openTabs(browser, shop, 3, leaseMs);
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
  for (const tab of others) await ask(tab, "isDrained()");
  assert.deepEqual(shop.applied, ["b=2", "c=3", "a=4"]);
  // With a short lease, a tab that a busy machine keeps waiting is replaced as well.
  if (leaseMs === LONG_LEASE_MS) assert.equal(shop.opened, 2);
  else assert(shop.opened >= 2);
}

for (const { name, reason, open, crashes, freezes, keepsProfiles } of ENGINES) {
  let opening: Promise<OpenBrowser> | undefined;
  let folder: string | undefined;
  /** Each shop is an origin of its own. */
  const inTabs = (run: (browser: OpenBrowser, shop: TabShop) => Promise<void>) => async (): Promise<void> => {
    const shop = await openTabShop();
    try {
      folder ??= await newFolder();
      await run(await (opening ??= open(folder)), shop);
    } finally {
      await shop.close();
    }
  };

  describe(`Tabs in ${name}`, () => {
    after(async () => {
      await (await opening)?.close();
      if (folder !== undefined) await removeFolder(folder);
    });

    skippable(
      "hold one stream together, and all see what one of them or somebody else writes",
      reason,
      inTabs(async (browser, shop) => {
        const tabs = await openTabs(browser, shop, 3, LONG_LEASE_MS);
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
      inTabs(async (browser, shop) => {
        await isReplaced(browser, shop, LONG_LEASE_MS, (tab) => tab.close());
        await shop.streams(1);
      }),
    );

    skippable(
      "replace one that crashes: each write is applied once, and one stream is open",
      reason ?? (crashes ? undefined : "no driver ends one tab alone"),
      inTabs(async (browser, shop) => {
        await isReplaced(browser, shop, LONG_LEASE_MS, async (tab) => await tab.crash?.());
        await shop.streams(1);
      }),
    );

    skippable(
      "replace one that is frozen, and what it does when it wakes up changes nothing",
      reason ?? (freezes ? undefined : "no driver stops one tab alone"),
      inTabs(async (browser, shop) => {
        let frozen: Tab | undefined;
        let thaw: (() => Promise<void>) | undefined;
        await isReplaced(browser, shop, SHORT_LEASE_MS, async (tab) => {
          frozen = tab;
          thaw = await tab.freeze?.();
        });
        await thaw?.();
        assert(frozen !== undefined);
        await sees([frozen], "a", 4);
        await shop.streams(1);
        await ask(frozen, "isDrained()");
        assert.deepEqual(shop.applied, ["b=2", "c=3", "a=4"]);
        await shop.edit("d", 9);
        await sees([frozen], "d", 9);
      }),
    );

    skippable(
      "keep what is written while the server is away, also when the browser is killed and started again",
      reason ?? (keepsProfiles ? undefined : "a driven browser keeps no profile"),
      async () => {
        const shop = await openTabShop();
        try {
          await withFolder(async (folder) => {
            await inBrowser(open, folder, async (browser) => {
              const tabs = await openTabs(browser, shop, 2, SHORT_LEASE_MS);
              shop.isOnline = false;
              for (const [index, id] of [..."abcdef"].entries()) await accepts(tabs[index % 2], id, 7);
              await browser.kill?.();
            });
            assert.deepEqual(shop.applied, []);
            await inBrowser(open, folder, async (browser) => {
              const tab = await opened(browser, `${shop.url}/?lease=${SHORT_LEASE_MS}`);
              shop.isOnline = true;
              await shop.applies(6);
              await ask(tab, "isDrained()");
            });
          });
          assert.deepEqual([...shop.applied].sort(), [..."abcdef"].map((id) => `${id}=7`));
        } finally {
          await shop.close();
        }
      },
    );
  });
}
