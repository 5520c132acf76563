import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { BadInput } from "./bad_input.ts";

/**
 * Loads a package that the demo does not bring along. It may be installed beside the demo, or in the current folder.
 *
 * @param flag what needs it
 * @param version the version that is installed by what the error says
 * @throws {BadInput} if it is not installed.
 */
export function loadPackage(name: string, version: string, flag: string): unknown {
  for (const place of [join(process.cwd(), "demo.js"), import.meta.url]) {
    const require = createRequire(place);
    const path = resolved(require, name);
    if (path !== undefined) return require(path);
  }
  throw new BadInput(
    `${flag} needs the npm package ${name}; "npm install --no-save ${name}@${version}" in this folder adds it`,
  );
}

function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
