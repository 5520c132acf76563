/**
 * Packs the package for npm: `npm run pack` writes vantage-live-<version>.tgz, and prints how to install it.
 *
 * It packs a copy in which Deno manages the dependencies: only then does `deno pack` list them in the package. There
 * are no source maps, since they would contain the path of the packed folder.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));

/** Packs the package into a file. */
export function pack(tarball: string): void {
  const copy = mkdtempSync(join(tmpdir(), "vantage-live-pack-"));
  try {
    for (const name of [...MANIFEST.publish.include, "package.json", "deno.lock"]) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    writeFileSync(join(copy, "deno.json"), JSON.stringify({ ...MANIFEST, nodeModulesDir: "auto" }));
    const args = ["pack", "--allow-dirty", "--no-source-maps", "--output", resolve(tarball)];
    const { status, stderr, error } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
    if (status !== 0) throw new Error(`deno pack failed: ${stderr}`, { cause: error });
    completeManifest(resolve(tarball), copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/**
 * `deno pack` leaves out what tells bundlers that modules which are not used can be left out, and takes what an application brings
 * itself for a dependency.
 */
function completeManifest(tarball: string, folder: string): void {
  tar(["-xzf", tarball, "-C", folder]);
  const path = join(folder, "package", "package.json");
  const { dependencies, ...packed } = JSON.parse(readFileSync(path, "utf8"));
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const name of Object.keys(peerDependencies)) delete dependencies[name];
  const manifest = { ...packed, dependencies, peerDependencies, peerDependenciesMeta, sideEffects: false };
  writeFileSync(path, JSON.stringify(manifest, null, 2));
  tar(["-czf", tarball, "-C", folder, "package"]);
}

function tar(args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("tar", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`tar failed: ${stderr}`, { cause: error });
}

if (import.meta.main) {
  const tarball = `vantage-live-${MANIFEST.version}.tgz`;
  pack(tarball);
  console.log(`Packed ${tarball}. To install it in a project: npm install --omit=optional ${resolve(tarball)}`);
}
