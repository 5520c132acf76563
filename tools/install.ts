/**
 * Installs the dependencies of the manifests from their lock files: `deno run -A tools/install.ts tests bench` reads
 * manifests/tests and manifests/bench, and links the installed packages as tests/node_modules and bench/node_modules.
 * Manifests that are already installed are skipped.
 *
 * The manifests are not in the folders that use them: a package.json there would hide the package.json of
 * `@vantage/live` from Node, and its deno.json from Deno.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** `npm ci` fails if manifest and lock file disagree. No package here needs its install scripts. */
const NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

function install(name: string): void {
  const folder = join(ROOT, "manifests", name);
  const installed = join(folder, "node_modules");
  const mark = join(installed, ".installed");
  const hash = hashOfManifest(folder);
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== hash) {
    const { status, error } = spawnSync("npm", NPM_CI, { cwd: folder, stdio: "inherit" });
    if (status !== 0) throw new Error(`Cannot install ${join(folder, "package.json")}`, { cause: error });
    // Those of the clone are found instead. What has two copies are two types.
    rmSync(join(installed, "@types", "node"), { recursive: true, force: true });
    writeFileSync(mark, hash);
  }
  const link = join(ROOT, name, "node_modules");
  if (existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync(installed, link, "junction");
}

function hashOfManifest(folder: string): string {
  const hash = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(folder, name))).update("\0");
  return hash.digest("hex");
}

for (const name of process.argv.slice(2)) install(name);
