import type { Row, TableLike, Value } from "@vantage/live";
import { BadInput } from "./bad_input.ts";
import { checkValue, findColumn, parseJson, parseValue } from "./column_value.ts";
import { OFFLINE_DETAIL, type Verb } from "./verb.ts";
import { writeVerb } from "./write_verb.ts";

const EXAMPLE = `add d '{"name":"Donut","price":5}'`;

export const addVerb: Verb = writeVerb({
  name: "add",
  words: ["<id>", "<name> <price> | '<json>'"],
  most: Infinity,
  summary: "add one row, through the write queue",
  details: [
    "An existing row is not overwritten: the answer shows the stored row.",
    `As JSON: ${EXAMPLE}`,
    OFFLINE_DETAIL,
    'Values that JSON lacks: {"$date":"2026-01-31T08:00:00.000Z"}, {"$bigint":"9007199254740993"},',
    '{"$bytes":"<base64>"} and {"$number":"Infinity"}, also in the output of --json.',
  ],
  op: (id, words, table) => ({ kind: "insert", id, row: checkRow(rowOf(words, table), id, table) }),
  outcome: (before) => before === undefined ? "added" : "kept",
});

function rowOf([first, price, ...more]: readonly string[], { tableName, columns }: TableLike): Row {
  if (first === undefined) throw new BadInput(`add needs a row: add <id> <name> <price>, or ${EXAMPLE}`);
  if (more.length > 0) throw new BadInput(`add takes an id, a name and a price; put a name of several words in quotes`);
  if (price === undefined) return jsonRow(first);
  const [nameColumn, priceColumn] = ["name", "price"].map((name) => columns.find((column) => column.name === name));
  if (nameColumn === undefined || priceColumn === undefined) {
    throw new BadInput(`${tableName} has no columns name and price; add <id> '<json>' takes any columns`);
  }
  return { name: parseValue(first, nameColumn), price: parseValue(price, priceColumn) };
}

function jsonRow(text: string): Row {
  const row = parseJson(text, `add takes a name and a price, or a JSON object as in ${EXAMPLE}`);
  if (isObject(row)) return row;
  throw new BadInput(`add takes a JSON object, as in ${EXAMPLE}, not ${JSON.stringify(text)}`);
}

function checkRow(row: Row, id: string, { columns, idField }: TableLike): Row {
  for (const [name, value] of Object.entries(row)) {
    const column = findColumn(name, columns);
    if (name !== idField) checkValue(value, column);
    else if (String(value) !== id) {
      throw new BadInput(`The id in the JSON is ${JSON.stringify(String(value))}, but ${JSON.stringify(id)} was given`);
    }
  }
  const missing = columns.filter(({ name, flags }) => flags?.includes("mandatory") && (row[name] ?? null) === null);
  if (missing.length === 0) return row;
  throw new BadInput(`The row must have ${missing.map(({ name }) => name).join(" and ")}`);
}

function isObject(value: Value): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof Uint8Array);
}
