const BARE_WORD = /^[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*$/;
const QUOTED = /^(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])$/;

/**
 * SQL for the value of a default, as the schema spells it: the same value wherever it stands. After `DEFAULT` a word is a
 * text, bare or in any quotes, while elsewhere it names a column. All else that may stand there cannot name one.
 */
export function defaultExpression(sql: string): string {
  if (/^(NULL|CURRENT_(TIME|DATE|TIMESTAMP))$/i.test(sql)) return sql;
  if (/^(TRUE|FALSE)$/i.test(sql)) return /^t/i.test(sql) ? "1" : "0";
  if (BARE_WORD.test(sql)) return textLiteral(sql);
  if (QUOTED.test(sql)) return textLiteral(unquoted(sql));
  // The line break ends a comment that the expression may end in.
  return `(${sql}\n)`;
}

function unquoted(sql: string): string {
  const [quote, inner] = [sql.charAt(0), sql.slice(1, -1)];
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
