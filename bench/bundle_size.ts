import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The size of a bundle, in bytes. */
export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
}

/** What an application has besides: the runtime's own modules, and the framework that it is written in. */
const OUTSIDE = ["node:*", "react"];

/** How large a module is when it is bundled with all that it imports, minified and gzipped. `source` is its text. */
export async function bundleSize(source: string): Promise<BundleSize> {
  const { outputFiles: [bundle] } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    external: OUTSIDE,
    write: false,
  });
  // esbuild keeps a process of its own until it is told to stop.
  await stop();
  if (bundle === undefined) throw new Error("esbuild made no bundle");
  return { minified: bundle.contents.length, gzipped: gzipSync(bundle.contents, { level: 9 }).length };
}
