import { describe } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { serve } from "../server/serve.ts";
import { skippable } from "../skippable.ts";
import { bundle } from "./bundle.ts";
import { ask, ENGINES } from "./engines.ts";
import { inBrowser, type OpenBrowser, type Tab, withFolder } from "./tabs.ts";

const PAGE =
  '<!DOCTYPE html><title>Storage</title><link rel="icon" href="data:,"><body><script type="module" src="/page.js"></script>';

/** Room for some entries of the page, and for what is there besides. */
const ROOM_BYTES = 4_000_000;

/** Opens the page in a tab. */
async function inPage(
  open: (folder: string) => Promise<OpenBrowser>,
  use: (tab: Tab, origin: string) => Promise<void>,
): Promise<void> {
  const script = fileURLToPath(new URL("./storage_page.ts", import.meta.url));
  const [code] = (await bundle({ entryPoints: [script] })).values();
  const served = await serve((request) => {
    const isScript = new URL(request.url).pathname === "/page.js";
    // A sandboxed frame has no origin.
    const headers = { "content-type": isScript ? "text/javascript" : "text/html", "access-control-allow-origin": "*" };
    return Promise.resolve(new Response(isScript ? code : PAGE, { headers }));
  });
  try {
    await withFolder((folder) =>
      inBrowser(open, folder, async ({ openTab }) => await use(await openTab(served.url), served.url))
    );
  } finally {
    await served.close();
  }
}

for (const { name, reason, open, limitsDisk } of ENGINES) {
  describe(`Storage in ${name}`, () => {
    skippable("is memory in a sandboxed frame: the table works, and says so", reason, async () => {
      await inPage(open, async (tab) => {
        assert.deepEqual(JSON.parse(String(await ask(tab, "globalThis.seen"))), {
          storage: "memory",
          traced: ["warn: cache in memory"],
          outbox: "OutboxError",
          price: 2,
        });
      });
    });

    skippable(
      "makes room if the disk is full: the newer half is held, and the next entry",
      reason ?? (limitsDisk ? undefined : "no driver limits the disk"),
      async () => {
        await inPage(open, async (tab, origin) => {
          await tab.limitDisk?.(origin, ROOM_BYTES);
          const { refused, held } = JSON.parse(String(await ask(tab, "fill()")));
          assert(refused > 1, `${refused} entries were stored`);
          assert(!held.includes(0) && !held.includes(refused), `${held} of ${refused} are held`);
          assert(held.includes(refused - 1), `${held} of ${refused} are held`);
        });
      },
    );
  });
}
