import { Recorder } from "@vantage/live/inspector";
import { browserScript } from "./browser_script.ts";

/** Where it is; no table has it, since tables have no place below `/-/inspector`. */
const PLACE = "/-/inspector";

const PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Served tables</title>
<link rel="icon" href="data:,">
<main>
<h1>Served tables</h1>
<vantage-inspector src="${PLACE}/recorded"></vantage-inspector>
</main>
<script type="module" src="${PLACE}/page"></script>
</html>
`;

const SCRIPT = `import { defineInspector } from "${PLACE}/src/inspector/mod.ts";\ndefineInspector();\n`;

const SOURCES = new URL("../", import.meta.resolve("@vantage/live/inspector"));
const MODULE = new RegExp(`^${PLACE}/src/((?:[a-z_]+/)*[a-z_]+\\.ts)$`);

/** The browser keeps no copy, loads nothing from elsewhere, and lets no other page read or frame it. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** A page with the inspector of served tables, which can be read and nothing else. */
export class InspectorSite {
  /** The tracer of the tables. */
  readonly recorder: Recorder = new Recorder();

  /** The path of the page. */
  get path(): string {
    return PLACE.slice(1);
  }

  /** Answers a request for it; `undefined` if it is for something else. */
  async answer({ url, method }: Request): Promise<Response | undefined> {
    const { pathname } = new URL(url);
    if (pathname !== PLACE && !pathname.startsWith(`${PLACE}/`)) return undefined;
    if (method !== "GET") return answerWith(405, "text/plain", "This can only be read");
    if (pathname === PLACE) return answerWith(200, "text/html; charset=utf-8", PAGE);
    if (pathname === `${PLACE}/page`) return answerWith(200, "text/javascript", SCRIPT);
    if (pathname === `${PLACE}/recorded`) {
      return answerWith(200, "application/json", JSON.stringify(await this.recorder.inspect()));
    }
    const [, module] = MODULE.exec(pathname) ?? [];
    const script = module && await browserScript(new URL(module, SOURCES)).catch(() => undefined);
    return script ? answerWith(200, "text/javascript", script) : answerWith(404, "text/plain", "There is no such page");
  }
}

function answerWith(status: number, type: string, body: string): Response {
  return new Response(body, { status, headers: { ...HEADERS, "content-type": type } });
}
