/** What kind of values a column or item holds; `any` if it may be several. */
export type SurrealKind =
  | "any"
  | "array"
  | "bool"
  | "bytes"
  | "datetime"
  | "decimal"
  | "duration"
  | "float"
  | "geometry"
  | "int"
  | "record"
  | "set"
  | "string"
  | "uuid";

/** A type, as `DEFINE FIELD … TYPE` declares it. */
export interface SurrealType {
  readonly kind: SurrealKind;
  /** As it is written. */
  readonly declared: string | undefined;
  /** The type of the items of an array or set. */
  readonly item?: SurrealType | undefined;
  /** Whether it may be absent. */
  readonly none: boolean;
  /** Whether it may be `NULL`. */
  readonly null: boolean;
}

/** The type of what is not declared. */
export const ANY: SurrealType = { kind: "any", declared: undefined, none: true, null: true };

const SIMPLE: readonly SurrealKind[] = [
  "bool",
  "bytes",
  "datetime",
  "decimal",
  "duration",
  "float",
  "int",
  "string",
  "uuid",
];

/** Reads a type: `none | record<person>`, `array<decimal, 5>`, `'a' | 'b'`. */
export function parseType(declared: string | undefined): SurrealType {
  if (declared === undefined) return ANY;
  const text = declared.trim();
  const option = inside(text, "option");
  if (option !== undefined) return { ...parseType(option), declared, none: true };
  const alternatives = split(text, "|");
  const values = alternatives.filter((one) => one !== "none" && one !== "null");
  const either = { declared, none: values.includes("any") || alternatives.includes("none") };
  const admitsNull = values.includes("any") || alternatives.includes("null");
  const [only = "any", second] = values;
  const kind = values.length > 0 && values.every(isLiteralText)
    ? "string"
    : second === undefined
    ? kindOf(only)
    : "any";
  return { ...either, kind, null: admitsNull, ...(second === undefined && itemOf(only)) };
}

function kindOf(text: string): SurrealKind {
  const name = /^\w+/.exec(text)?.[0] ?? "";
  if (name === "record" || name === "geometry" || name === "array" || name === "set") return name;
  return SIMPLE.find((kind) => kind === text) ?? "any";
}

function itemOf(text: string): { readonly item?: SurrealType } {
  const content = inside(text, "array") ?? inside(text, "set");
  return content === undefined ? {} : { item: parseType(split(content, ",")[0]) };
}

/** What stands in the brackets of `name<…>`. */
function inside(text: string, name: string): string | undefined {
  return text.startsWith(`${name}<`) && text.endsWith(">") ? text.slice(name.length + 1, -1) : undefined;
}

function isLiteralText(text: string): boolean {
  return /^(['"]).*\1$/s.test(text);
}

/** Splits at a separator that is neither in brackets nor in quotes. */
function split(text: string, separator: string): string[] {
  const parts = [""];
  let depth = 0;
  let quote = "";
  for (const char of text) {
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
    else if ("<([{".includes(char)) depth++;
    else if (">)]}".includes(char)) depth--;
    if (char === separator && depth === 0 && quote === "") parts.push("");
    else parts.push(`${parts.pop() ?? ""}${char}`);
  }
  return parts.map((part) => part.trim());
}
