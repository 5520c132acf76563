import { fileURLToPath } from "node:url";
import { bundle } from "../../tests/browser/bundle.ts";
import { NO_BROWSER, openChromium } from "../../tests/browser/chromium.ts";
import { NO_FIREFOX, openFirefox } from "../../tests/browser/firefox.ts";
import { type OpenBrowser, seenIn } from "../../tests/browser/tabs.ts";
import { NO_WEBKIT, openWebkit } from "../../tests/browser/webkit.ts";
import { REACT_VERSIONS } from "../../tests/react/react_versions.ts";
import { serve } from "../../tests/server/serve.ts";
import type { PaintReport } from "./painted.ts";

/** A browser that can be measured, or why it cannot. */
export interface PaintEngine {
  readonly name: string;
  readonly reason: string | undefined;
  readonly open: (folder: string) => Promise<OpenBrowser>;
}

/** All browsers. */
export const ENGINES: readonly PaintEngine[] = [
  { name: "Chromium", reason: NO_BROWSER, open: openChromium },
  { name: "Firefox", reason: NO_FIREFOX, open: openFirefox },
  { name: "WebKit", reason: NO_WEBKIT, open: openWebkit },
];

const PAGE = '<!DOCTYPE html><title>Paint</title><link rel="icon" href="data:,"><body>' +
  '<script type="module" src="/page.js"></script>';

/** Measures in a browser how many frames a hit takes to be painted. */
export async function paintIn({ open }: PaintEngine): Promise<PaintReport> {
  const page = fileURLToPath(new URL("./page.ts", import.meta.url));
  const files = await bundle({ entryPoints: { page }, alias: REACT_VERSIONS["19"] ?? {} });
  const served = await serve((request) => {
    const script = files.get(new URL(request.url).pathname);
    const type = script === undefined ? "text/html" : "text/javascript";
    return new Response(script ?? PAGE, { headers: { "content-type": type } });
  });
  try {
    return JSON.parse(String(await seenIn(open, served.url)));
  } finally {
    await served.close();
  }
}
