import { after, describe } from "node:test";
import assert from "node:assert/strict";
import { NO_BROWSER, openChromium } from "../browser/chromium.ts";
import { NO_FIREFOX, openFirefox } from "../browser/firefox.ts";
import { newFolder, type OpenBrowser, removeFolder, type Tab } from "../browser/tabs.ts";
import { NO_WEBKIT, openWebkit } from "../browser/webkit.ts";
import { skippable } from "../skippable.ts";
import { DemoApp, type Passed } from "./demo_app.ts";
import { edit, inspects, pending, rowAt, sample, sampled, says, scrollTo, shows, turn } from "./in_page.ts";

interface Engine {
  readonly name: string;
  /** Why it cannot be driven here. */
  readonly reason: string | undefined;
  readonly open: (folder: string) => Promise<OpenBrowser>;
  /** Whether a profile is there when the browser is started again. */
  readonly keepsProfiles: boolean;
}

const ENGINES: readonly Engine[] = [
  { name: "Chromium", reason: NO_BROWSER, open: openChromium, keepsProfiles: true },
  { name: "Firefox", reason: NO_FIREFOX, open: openFirefox, keepsProfiles: true },
  { name: "WebKit", reason: NO_WEBKIT, open: openWebkit, keepsProfiles: false },
];

/** Opens a page with the list of the module alone, whose first rows are there. */
async function opened({ openTab }: OpenBrowser, { url }: DemoApp): Promise<Tab> {
  const tab = await openTab(url);
  await turn(tab, "without the module", false);
  await rowAt(tab, 2);
  return tab;
}

function reads(passed: readonly Passed[]): readonly string[] {
  return passed.filter(({ method }) => method === "GET").map(({ path }) => path);
}

/** The id of the row that a cell with this label is of. */
function idIn(label: string): string {
  return label.split(" ").at(-1) ?? "";
}

for (const { name, reason, open, keepsProfiles } of ENGINES) {
  describe(`The app in ${name}`, () => {
    let browser: Promise<OpenBrowser> | undefined;
    let folder: string | undefined;
    const opening = async (): Promise<OpenBrowser> => {
      folder ??= await newFolder();
      return await (browser ??= open(folder));
    };
    after(async () => {
      await (await browser)?.close();
      if (folder !== undefined) await removeFolder(folder);
    });

    skippable(
      "asks for each page once on the way to row 50 000 and back; an edit by others costs one row",
      reason,
      async () => {
        await using app = await DemoApp.start();
        const tab = await opened(await opening(), app);
        await scrollTo(tab, 1_001);
        const before = (await app.passed()).length;
        const places = Array.from({ length: 50 }, (_, index) => (index + 1) * 1_000);
        for (const place of [...places.slice(1), ...places.toReversed(), 1]) await scrollTo(tab, place);
        const pages = reads((await app.passed()).slice(before)).filter((path) => path.includes("/rows?"));
        assert.deepEqual(pages, [...new Set(pages)]);
        assert(pages.length >= 49, `${pages.length} pages`);

        const label = await rowAt(tab, 1);
        const settled = (await app.passed()).length;
        await app.control("edit", { id: idIn(label), row: { price: 77.7 } });
        await shows(tab, label, 77.7);
        assert.deepEqual(reads((await app.passed()).slice(settled)), [
          `/products/rows?where=${encodeURIComponent(JSON.stringify([["id", "eq", idIn(label)]]))}`,
        ]);
      },
    );

    skippable(
      "shows an edit before its request leaves, and then nothing else, whatever becomes of requests and echoes",
      reason,
      async () => {
        await using app = await DemoApp.start();
        const tab = await opened(await opening(), app);
        const label = await rowAt(tab, 3);
        const id = idIn(label);
        const { price } = await app.row(id);
        await sample(tab, label);
        await app.control("weather", { latencyMs: 400, failPercent: 100 });
        await edit(tab, label, 12.5);
        await pending(tab, 1);
        while (!(await app.passed()).some(({ method, answered }) => method !== "GET" && !answered));
        await app.control("edit", { id, row: { in_stock: 1 } });
        await app.control("weather", { latencyMs: 400, failPercent: 0 });
        await app.control("edit", { id, row: { in_stock: 2 } });
        await pending(tab, 0);
        await app.control("edit", { id, row: { in_stock: 3 } });
        await app.control("edit", { id, row: { in_stock: 4 } });
        await shows(tab, label.replace("Price", "Stock"), 4);
        const { seen, left } = await sampled(tab);
        assert.deepEqual(seen, [String(price), "12.5"]);
        assert.deepEqual([...new Set(left)], ["12.5"]);
        assert.equal((await app.row(id)).price, 12.5);
      },
    );

    skippable(
      "keeps three edits of two tabs through a pulled plug and a browser that ends, shows them with their age, and applies each once",
      reason ?? (keepsProfiles ? undefined : "a driven WebKit keeps no profile"),
      async () => {
        await using app = await DemoApp.start();
        const changed: string[] = [];
        const leave = await app.watch(changed);
        const first = await opened(await opening(), app);
        const second = await opened(await opening(), app);
        const labels: string[] = [];
        for (const place of [2, 3, 4]) labels.push(await rowAt(first, place));
        await turn(first, "Offline", true);
        const [a = "", b = "", c = ""] = labels;
        await edit(first, a, 21);
        await edit(first, b, 22);
        await edit(second, c, 23);
        // The tab that sends shows the writes of all, once they are stored; the other one those of its own.
        await Promise.race([pending(first, 3), pending(second, 3)]);
        await (await browser)?.close();
        browser = undefined;

        const again = await opened(await opening(), app);
        await says(again, "read ");
        await pending(again, 3);
        for (const [index, label] of labels.entries()) await shows(again, label, 21 + index);
        assert.deepEqual(changed, []);
        await turn(again, "Offline", false);
        await pending(again, 0);
        for (const [index, label] of labels.entries()) {
          assert.equal((await app.row(idIn(label))).price, 21 + index);
        }
        assert.deepEqual(changed.toSorted(), labels.map(idIn).toSorted());
        leave();
      },
    );

    skippable("draws what the list does in the inspector", reason, async () => {
      await using app = await DemoApp.start();
      const tab = await opened(await opening(), app);
      await inspects(tab, "reads served from the cache");
      await inspects(tab, "page_1: miss");
      await inspects(tab, "Events arrive");
    });

    skippable("opens without its server, with the rows that it knew and their age", reason, async () => {
      await using app = await DemoApp.start();
      const tab = await opened(await opening(), app);
      const label = await rowAt(tab, 3);
      await tab.ask("navigator.serviceWorker.ready.then(() => true)");
      await app.end();
      await tab.ask("location.reload()");
      const again = await opened(await opening(), app);
      assert.equal(await rowAt(again, 3), label);
      await says(again, "read ");
      await edit(again, label, 31);
      await pending(again, 1);
    });
  });
}
