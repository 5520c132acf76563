import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newPath } from "../conformance/temp_folder.ts";
import { pack } from "../../tools/pack.ts";
import { run } from "./runtimes.ts";

/** The folder of the sources. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What deno.json says of the package. */
export const MANIFEST: { readonly version: string; readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, "deno.json"), "utf8"),
);

/** The names that a user imports. */
export const ENTRY_NAMES: readonly string[] = Object.keys(MANIFEST.exports).map((name) =>
  name.replace(".", "@vantage/live")
);

/** What an application brings itself. */
const { devDependencies: { react } }: { readonly devDependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);

/**
 * Packs the package for npm, installs the tarball into an empty project, and gives the project's folder. The scripts of
 * packages run, as they do for most users: they compile the optional addon of cbor-x, which must not be loaded.
 */
export async function installPackage(): Promise<string> {
  const folder = newPath("project");
  const tarball = newPath("vantage-live.tgz");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  pack(tarball);
  await run(
    [
      "npm",
      "install",
      "--ignore-scripts=false",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      tarball,
      `react@${react}`,
    ],
    folder,
  );
  return folder;
}
