import { build, type BuildOptions, stop } from "esbuild";

/** Bundles modules as a user of the package would, and gives each file's text under its name. */
export async function bundle(
  options: Pick<BuildOptions, "entryPoints" | "stdin" | "absWorkingDir" | "alias">,
): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    ...options,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    outdir: "/",
    write: false,
  });
  // esbuild keeps a process of its own until it is told to stop.
  await stop();
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}
