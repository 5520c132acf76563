import { parseArgs } from "node:util";

/**
 * Parses command line flags that are whole numbers, each with a default.
 *
 * @throws {RangeError} if a value is not a whole number.
 * @throws {TypeError} if a flag is unknown.
 */
export function numberFlags<Name extends string>(defaults: Readonly<Record<Name, number>>): Record<Name, number> {
  const names = Object.keys(defaults);
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) });
  const numbers: Record<Name, number> = { ...defaults };
  for (const [name, text] of Object.entries(values)) {
    if (!/^[1-9]\d{0,6}$/.test(String(text))) throw new RangeError(`--${name} takes a whole number, not ${text}`);
    numbers[name as Name] = Number(text);
  }
  return numbers;
}
