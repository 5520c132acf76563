import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Sizes of a bundle, in bytes. */
export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
}

/** Not bundled, since applications have them anyway: the runtime's modules, and their framework. */
const OUTSIDE = ["node:*", "react"];

/** The size of a module when it is bundled with all its imports, minified and gzipped. `source` is its text. */
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
  // esbuild keeps a child process running until `stop()`.
  await stop();
  if (bundle === undefined) throw new Error("esbuild made no bundle");
  return { minified: bundle.contents.length, gzipped: gzipSync(bundle.contents, { level: 9 }).length };
}
