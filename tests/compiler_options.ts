import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** The compiler options of deno.json, with those of Deno that are not written there; `root` is where it stands. */
export function compilerOptions(root: string): ts.CompilerOptions {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  return {
    ...compilerOptions,
    jsx: ts.JsxEmit.ReactJSX,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    isolatedDeclarations: false,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  };
}
