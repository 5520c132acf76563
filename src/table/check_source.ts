import { checkOptions } from "../base/check_options.ts";
import { OPERATORS } from "./query.ts";
import { describe } from "../base/describe.ts";
import { isPlainObject } from "./row.ts";
import { checkRefs } from "./relation.ts";
import { hasVerb } from "./source_capabilities.ts";
import { VERBS } from "./verbs.ts";
import type { Capabilities } from "./table_like.ts";
import type { TableSource } from "./table_source.ts";

const FIELDS: readonly string[] = [
  ...[
    "name",
    "columns",
    "idField",
    "capabilities",
    "scoped",
    "checksIds",
    "refs",
    "list",
    "stream",
    "writeMany",
  ] satisfies (keyof TableSource)[],
  ...VERBS,
];
const CAPABILITIES: readonly string[] = [
  ...[
    "page",
    "where",
    "orderBy",
    "search",
    "exact",
    "sameRows",
    "idempotencyKeys",
    "writeMany",
  ] satisfies (keyof Capabilities)[],
  ...VERBS,
];

const checked = new WeakSet<TableSource<object>>();

/**
 * Refuses what is no source, once for each. A plain object has no other fields than a source has, as a mistyped one
 * would be left out in silence; an instance of a class may have more.
 *
 * @throws {TypeError} that names what is wrong, and what is accepted.
 */
export function checkSource(source: TableSource<object>): void {
  if (checked.has(source)) return;
  if (typeof source !== "object" || source === null) {
    throw new TypeError(`A source must be an object, got ${describe(source)}`);
  }
  const { name, list, columns, idField, capabilities, refs } = source;
  if (typeof name !== "string" || name === "") throw new TypeError(`A source needs a name, got ${describe(name)}`);
  const refuse = (field: string, accepted: string, value: unknown): never => {
    throw new TypeError(`${field} of the source ${describe(name)} must be ${accepted}, got ${describe(value)}`);
  };
  if (isPlainObject(source)) checkOptions(`the source ${describe(name)}`, source, FIELDS);
  if (typeof list !== "function") throw new TypeError(`The source ${describe(name)} has no list function`);
  for (const verb of [...VERBS, "stream", "writeMany"] as const) {
    const given: unknown = source[verb];
    if (given !== undefined && typeof given !== "function") refuse(verb, "a function", given);
  }
  if (idField !== undefined && (typeof idField !== "string" || idField === "")) refuse("idField", "a name", idField);
  for (const field of ["scoped", "checksIds"] as const) {
    const given: unknown = source[field];
    if (given !== undefined && typeof given !== "boolean") refuse(field, "true or false", given);
  }
  if (columns !== undefined && !isListOfNamed(columns)) refuse("columns", "a list of objects with a name", columns);
  checkRefs(`the source ${describe(name)}`, refs);
  if (capabilities !== undefined) checkCapabilities(source, capabilities);
  checked.add(source);
}

function checkCapabilities(source: TableSource<object>, capabilities: Partial<Capabilities>): void {
  const whose = `the capabilities of the source ${describe(source.name)}`;
  checkOptions(whose, capabilities, CAPABILITIES);
  for (const [field, value] of Object.entries(capabilities)) {
    if (value === undefined) continue;
    if (field !== "where" && typeof value !== "boolean") {
      throw new TypeError(`${field} in ${whose} must be true or false, got ${describe(value)}`);
    }
    if (field === "where" && !(Array.isArray(value) && value.every((operator) => OPERATORS.includes(operator)))) {
      throw new TypeError(
        `where in ${whose} must be a list of operators, got ${describe(value)}; accepted are ${OPERATORS.join(", ")}`,
      );
    }
  }
  const lacksMany = capabilities.writeMany === true && source.writeMany === undefined;
  const lacking = VERBS.find((verb) => capabilities[verb] === true && !hasVerb(source, verb)) ??
    (lacksMany ? "writeMany" : undefined);
  if (lacking !== undefined) {
    throw new TypeError(`The source ${describe(source.name)} advertises ${lacking}, but has no such function`);
  }
}

function isListOfNamed(columns: unknown): boolean {
  return Array.isArray(columns) &&
    columns.every((column: unknown) =>
      typeof column === "object" && column !== null && typeof Reflect.get(column, "name") === "string"
    );
}
