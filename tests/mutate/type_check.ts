import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { compilerOptions } from "../compiler_options.ts";

/** Type-checks one changed file at a time; the compiler's state for the others is kept. */
export class TypeCheck {
  readonly #root: string;
  readonly #service: ts.LanguageService;
  readonly #changed = new Map<string, string>();
  readonly #complaints = new Map<string, number>();
  #version = 0;

  constructor(root: string) {
    this.#root = root;
    const files = [
      join(root, "mod.ts"),
      ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(root, "src", name)),
    ];
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => compilerOptions(root),
      getScriptFileNames: () => files,
      getScriptVersion: (path) => this.#changed.has(path) ? String(this.#version) : "0",
      getScriptSnapshot: (path) => {
        const text = this.#changed.get(path) ?? ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
    });
  }

  /** Whether the project type-checks with `text` as the content of `file`. */
  accepts(file: string, text: string): boolean {
    const path = join(this.#root, file);
    const before = this.#complaints.get(file) ?? this.#complain(path, readFileSync(path, "utf8"));
    this.#complaints.set(file, before);
    try {
      return this.#complain(path, text) <= before;
    } finally {
      this.#changed.delete(path);
    }
  }

  #complain(path: string, text: string): number {
    this.#version++;
    this.#changed.set(path, text);
    return this.#service.getSyntacticDiagnostics(path).length + this.#service.getSemanticDiagnostics(path).length;
  }
}
