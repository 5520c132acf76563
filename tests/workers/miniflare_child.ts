/**
 * Bundles a worker and serves it from workerd until its own stdin ends. Runs on Node alone, wherever the tests run: see
 * `run_worker.ts`. Prints the address. Nothing of Node is there to be bundled: an import of it is an error.
 */
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import process from "node:process";

const { file, durableObjects, bindings, folder, compatibilityDate } = JSON.parse(process.argv[2] ?? "");
const { outputFiles: [bundle] } = await build({
  entryPoints: [file],
  bundle: true,
  write: false,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "worker", "browser"],
  target: "es2024",
});
const miniflare = new Miniflare({
  modules: true,
  script: bundle?.text ?? "",
  compatibilityDate,
  // Without it, a description of the request's place would be downloaded.
  cf: false,
  host: "127.0.0.1",
  durableObjects: Object.fromEntries(
    Object.entries<string>(durableObjects).map(([binding, className]) => [binding, { className, useSQLite: true }]),
  ),
  durableObjectsPersist: folder,
  bindings,
});
console.log((await miniflare.ready).href);
process.stdin.on("end", () => miniflare.dispose()).resume();
