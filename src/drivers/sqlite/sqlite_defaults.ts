const BARE_WORD = /^[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*$/;
const QUOTED = /^(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])$/;

/**
 * An expression for a default in the schema, with the same value anywhere. After `DEFAULT` a word is a text, bare or in
 * any quotes, while elsewhere it names a column. Nothing else allowed there can name a column.
 */
export function defaultExpression(sql: string): string {
  if (/^(NULL|CURRENT_(TIME|DATE|TIMESTAMP))$/i.test(sql)) return sql;
  if (/^(TRUE|FALSE)$/i.test(sql)) return /^t/i.test(sql) ? "1" : "0";
  if (BARE_WORD.test(sql)) return textLiteral(sql);
  if (QUOTED.test(sql)) return textLiteral(unquoted(sql));
  // The line break ends a trailing comment.
  return `(${sql}\n)`;
}

function unquoted(sql: string): string {
  const [quote, inner] = [sql.charAt(0), sql.slice(1, -1)];
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
