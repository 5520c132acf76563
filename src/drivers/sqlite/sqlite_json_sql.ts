/** SQL for the text in a JSON column; `NULL` for other values. A text that is not JSON is taken literally. */
export function jsonTextSql(name: string): string {
  return `CASE typeof(${name}) WHEN 'text' THEN ` +
    `CASE WHEN NOT json_valid(${name}) THEN ${name} WHEN json_type(${name}) = 'text' THEN json_extract(${name}, '$') END END`;
}

/**
 * SQL for the number in a JSON column, as a document or a plain number; `NULL` for other values. It is a float as in
 * JavaScript, even for integers that SQLite holds with more digits.
 */
export function jsonNumberSql(name: string): string {
  const document = `CASE WHEN json_valid(${name}) THEN ` +
    `CASE WHEN json_type(${name}) IN ('integer', 'real') THEN json_extract(${name}, '$') END END`;
  return `CASE typeof(${name}) WHEN 'text' THEN CAST(${document} AS REAL) ` +
    `WHEN 'integer' THEN CAST(${name} AS REAL) WHEN 'real' THEN ${name} END`;
}

/** SQL for the JSON type of a value in a JSON column: 'null', 'true', 'false' and others; `NULL` if it is not JSON. */
export function jsonTypeSql(name: string): string {
  return `CASE WHEN typeof(${name}) = 'text' AND json_valid(${name}) THEN json_type(${name}) END`;
}
