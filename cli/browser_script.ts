import nodeModule from "node:module";
import { readFile } from "node:fs/promises";

/** What takes the types out of a module, by runtime: Bun's own, or that of Node, which Deno has too. */
interface Runtimes {
  readonly Bun?: { readonly Transpiler: new (options: object) => { transformSync(source: string): string } };
}

/** A module of the library as a browser runs it: without its types. */
export async function browserScript(module: URL): Promise<string> {
  const source = await readFile(module, "utf8");
  const { Bun: bun } = globalThis as Runtimes;
  if (bun !== undefined) return new bun.Transpiler({ loader: "ts" }).transformSync(source);
  return nodeModule.stripTypeScriptTypes(source);
}
