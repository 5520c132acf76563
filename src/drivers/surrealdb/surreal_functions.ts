import { ESCAPED_QL } from "./surreal_ids.ts";

/** A function of SurrealQL: the text of a key, as ids have it. Of an array or object, it is as SurrealDB writes it. */
export const KEY_TEXT = "$vantage_key_text";
/** The same: the text that a decimal, duration, link or UUID is read as. */
export const READ_TEXT = "$vantage_read_text";

const escaped = (key: string): string =>
  `IF string::matches(${key}, ${ESCAPED_QL}) { string::concat("~'", ${key}) } ELSE { ${key} }`;
const keyText = (key: string): string => {
  const uuid = `string::concat("u'", <string>${key}, "'")`;
  return `IF type::is_string(${key}) { ${
    escaped(key)
  } } ELSE IF type::is_uuid(${key}) { ${uuid} } ELSE { <string>${key} }`;
};

/** SurrealDB has a negative zero. */
const DECIMAL = "IF type::is_decimal($value) { <string>($value + 0) } ELSE { <string>$value }";
const LINK = `LET $key = record::id($value); RETURN string::concat(record::tb($value), ":", (${keyText("$key")}))`;

/** What defines the functions. Were they written where they are used, expressions would nest too deep. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  [KEY_TEXT]: `|$key| ${keyText("$key")}`,
  [READ_TEXT]: `|$value| IF type::is_record($value) { ${LINK} } ELSE ${DECIMAL}`,
};

/** Statements that define what a text uses. */
export function definitionsFor(text: string): readonly string[] {
  return Object.entries(DEFINITIONS).flatMap(([name, body]) =>
    text.includes(`${name}(`) ? [`LET ${name} = ${body}`] : []
  );
}
