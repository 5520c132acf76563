/** SQL for the text that a JSON column holds; `NULL` where it holds anything else. What is no JSON is a text as it stands. */
export function jsonTextSql(name: string): string {
  return `CASE typeof(${name}) WHEN 'text' THEN ` +
    `CASE WHEN NOT json_valid(${name}) THEN ${name} WHEN json_type(${name}) = 'text' THEN json_extract(${name}, '$') END END`;
}

/**
 * SQL for the number that a JSON column holds, in a document or by itself; `NULL` where it holds anything else. As in
 * JavaScript it is a float, also where SQLite has an integer of more digits.
 */
export function jsonNumberSql(name: string): string {
  const document = `CASE WHEN json_valid(${name}) THEN ` +
    `CASE WHEN json_type(${name}) IN ('integer', 'real') THEN json_extract(${name}, '$') END END`;
  return `CASE typeof(${name}) WHEN 'text' THEN CAST(${document} AS REAL) ` +
    `WHEN 'integer' THEN CAST(${name} AS REAL) WHEN 'real' THEN ${name} END`;
}

/** SQL for the JSON type of what a JSON column holds: 'null', 'true', 'false' and others; `NULL` for what is no JSON. */
export function jsonTypeSql(name: string): string {
  return `CASE WHEN typeof(${name}) = 'text' AND json_valid(${name}) THEN json_type(${name}) END`;
}
