import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { compilerOptions } from "../compiler_options.ts";

/** What an editor shows of the names in one file. */
export class QuickInfo {
  readonly #path: string;
  readonly #text: string;
  readonly #service: ts.LanguageService;

  constructor(root: string, file: string) {
    this.#path = join(root, file);
    this.#text = readFileSync(this.#path, "utf8");
    const { exports }: { exports: Readonly<Record<string, string>> } = JSON.parse(
      readFileSync(join(root, "deno.json"), "utf8"),
    );
    const paths = Object.entries(exports).map(([entry, module]) => {
      return [entry.replace(".", "@vantage/live"), [join(root, module)]];
    });
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...compilerOptions(root), paths: Object.fromEntries(paths) }),
      getScriptFileNames: () => [this.#path],
      getScriptVersion: () => "0",
      getScriptSnapshot: (path) => {
        const text = ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
    });
  }

  /** What is wrong with the file. */
  problems(): string[] {
    return this.#service.getSemanticDiagnostics(this.#path).map(({ messageText }) =>
      ts.flattenDiagnosticMessageText(messageText, "\n")
    );
  }

  /** What is shown when the pointer rests on the end of the first place where this text stands. */
  of(text: string): string {
    const at = this.#text.indexOf(text) + text.trimEnd().length;
    return ts.displayPartsToString(this.#service.getQuickInfoAtPosition(this.#path, at)?.displayParts);
  }

  /** What is offered within the quotes that begin there. */
  offeredAfter(text: string): string[] {
    const at = this.#text.indexOf(text) + text.trimEnd().length;
    return this.#service.getCompletionsAtPosition(this.#path, at, {})?.entries.map(({ name }) => name) ?? [];
  }
}
