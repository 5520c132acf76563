import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The size of a bundle, in bytes. */
export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
}

/** How large these exports of the core are when bundled, minified and gzipped; all of them unless some are named. */
export async function bundleSize(names?: readonly string[]): Promise<BundleSize> {
  const { outputFiles: [bundle] } = await build({
    stdin: {
      contents: `export ${names === undefined ? "*" : `{ ${names.join(", ")} }`} from "./mod.ts";`,
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    write: false,
  });
  // esbuild keeps a process of its own until it is told to stop.
  await stop();
  if (bundle === undefined) throw new Error("esbuild made no bundle");
  return { minified: bundle.contents.length, gzipped: gzipSync(bundle.contents, { level: 9 }).length };
}
