import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The little that is used of esbuild, which is installed on first use. */
interface Esbuild {
  build(
    options: object,
  ): Promise<{ readonly outputFiles: readonly { readonly path: string; readonly text: string }[] }>;
  stop(): Promise<void>;
}

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APP = join(ROOT, "app");

/** Installs what the page is made of and makes it: each file under its path. */
export async function bundleApp(): Promise<ReadonlyMap<string, PageFile>> {
  install();
  const esbuild: Esbuild = createRequire(join(APP, "page.js"))("esbuild");
  const { outputFiles } = await esbuild.build({
    entryPoints: { page: join(APP, "page.tsx"), worker: join(APP, "worker.ts") },
    // The hooks must find the React of the page.
    alias: { react: join(APP, "node_modules/react"), "react-dom": join(APP, "node_modules/react-dom") },
    bundle: true,
    minify: true,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    format: "esm",
    target: "es2022",
    platform: "browser",
    outdir: "/",
    write: false,
  });
  // esbuild keeps a process of its own until it is told to stop.
  await esbuild.stop();
  const scripts = outputFiles.map(({ path, text }) => [path, { type: "text/javascript", text }] as const);
  return new Map([
    ...scripts,
    ["/", { type: "text/html; charset=utf-8", text: source("page.html") }],
    ["/page.css", { type: "text/css", text: source("page.css") }],
    ["/icon.svg", { type: "image/svg+xml", text: source("icon.svg") }],
  ]);
}

function source(name: string): string {
  return readFileSync(join(APP, name), "utf8");
}

/** In a process of its own, since it is a program. */
function install(): void {
  const run = "Deno" in globalThis ? ["run", "-A"] : [];
  const { status } = spawnSync(process.execPath, [...run, join(ROOT, "tools/install.ts"), "app"], { stdio: "inherit" });
  if (status !== 0) throw new Error("The packages of the app could not be installed");
}
