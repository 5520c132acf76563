const DIGIT = "[0-9]";
const [TWO, FOUR, SIX] = [2, 4, 6].map((count) => DIGIT.repeat(count));
const DAY = `-${TWO}-${TWO}`;
const MINUTES = `[ T][0-2]${DIGIT}:[0-5]${DIGIT}`;
const SECONDS = `${MINUTES}:[0-5]${DIGIT}`;

/** The 400 years after which the calendar repeats. */
const CYCLE_SECONDS = 12_622_780_800;

/**
 * SQL for the time in a date column, in milliseconds since 1970; `NULL` for other values. The SQL equivalent of
 * `readDate` in `sqlite_dates.ts`: both must agree on every value.
 */
export function dateMsSql(name: string): string {
  return `(CASE typeof(${name}) WHEN 'text' THEN ${textMs(name)} WHEN 'integer' THEN ${integerMs(name)} ` +
    `WHEN 'real' THEN ${realMs(name)} END)`;
}

function integerMs(name: string): string {
  return `(CASE WHEN ${name} BETWEEN 1721060 AND 5373484 THEN ${name} * 86400000 - 210866760000000 ` +
    `WHEN ${eitherWay(name, "100000000", "99999999999")} THEN ${name} * 1000 ` +
    `WHEN ${eitherWay(name, "100000000000", "8640000000000000")} THEN ${name} END)`;
}

function realMs(name: string): string {
  const julian = `CAST(${name} * 86400000.0 + 0.5 AS INTEGER)`;
  const ms = `CAST(${name} * 1000.0 + (CASE WHEN ${name} < 0 THEN -0.5 ELSE 0.5 END) AS INTEGER)`;
  const size = `abs(${name})`;
  return `(CASE WHEN ${name} >= 1721059.5 AND ${name} < 5373484.5 THEN ` +
    `(CASE WHEN ${julian} / 86400000.0 = ${name} THEN ${julian} - 210866760000000 END) ` +
    `WHEN ${size} >= 1e8 AND ${size} < 1e11 THEN (CASE WHEN ${ms} / 1000.0 = ${name} THEN ${ms} END) ` +
    `WHEN ${size} >= 1e11 AND ${size} <= 8.64e15 AND CAST(${name} AS INTEGER) = ${name} THEN CAST(${name} AS INTEGER) END)`;
}

function eitherWay(name: string, from: string, to: string): string {
  return `(${name} BETWEEN ${from} AND ${to} OR ${name} BETWEEN -${to} AND -${from})`;
}

/**
 * Each inner query names the values for the next one: `n`ext place, `y`ear, `t`ail, `d`ay, `e`ra, `z`one, `c`lock. Each
 * ends in a `LIMIT`, without which SQLite would inline the expressions into each other: preparing took 5 ms, and
 * reading a value ten times as long.
 */
function textMs(name: string): string {
  const places = `SELECT ${name} AS s, CASE WHEN instr(${name}, char(0)) THEN NULL ` +
    `WHEN ${name} GLOB '${FOUR}${DAY}*' THEN 11 ` +
    `WHEN ${name} GLOB '[+-]${SIX}${DAY}*' AND ${name} NOT GLOB '-000000*' THEN 14 END AS n LIMIT 1`;
  const years = `SELECT s, n, substr(s, n) AS t, CAST(substr(s, 1, 7) AS INTEGER) AS y FROM (${places}) LIMIT 1`;
  // A year beyond SQLite's calendar is mapped to the same year of another cycle.
  const known = "(2000 + (y % 400 + 400) % 400)";
  const days =
    `SELECT t, CASE n WHEN 11 THEN substr(s, 1, 10) WHEN 14 THEN printf('%04d', ${known}) || substr(s, 8, 6) ` +
    `END AS d, CASE n WHEN 14 THEN (y - ${known}) / 400 ELSE 0 END AS e, ` +
    `CASE WHEN t GLOB '*Z' THEN 'Z' WHEN t GLOB '*[+-][0-2]${DIGIT}:[0-5]${DIGIT}' THEN substr(t, -6) ELSE '' END AS z ` +
    `FROM (${years}) LIMIT 1`;
  const parts = `SELECT d, e, z, substr(t, 1, length(t) - length(z)) AS c FROM (${days}) LIMIT 1`;
  const fraction = "substr(c, 11)";
  const clocked = `c GLOB '${MINUTES}' OR c GLOB '${SECONDS}' OR (c GLOB '${SECONDS}.${DIGIT}*' ` +
    `AND length(c) <= 19 AND ${fraction} NOT GLOB '*[^0-9]*' AND rtrim(substr(c, 14), '0') = '')`;
  const valid = `date(d) = d AND ((c = '' AND z = '') OR (substr(c, 2, 2) <= '23' AND (${clocked})))`;
  const clock = `CAST(substr(c, 2, 2) AS INTEGER) * 3600000 + CAST(substr(c, 5, 2) AS INTEGER) * 60000 + ` +
    `CAST(substr(c, 8, 2) AS INTEGER) * 1000 + CAST(substr(${fraction} || '000', 1, 3) AS INTEGER)`;
  const zone = `(CASE WHEN length(z) < 6 THEN 0 ELSE (CASE WHEN z GLOB '-*' THEN -1 ELSE 1 END) * ` +
    `(CAST(substr(z, 2, 2) AS INTEGER) * 60 + CAST(substr(z, 5, 2) AS INTEGER)) * 60000 END)`;
  const ms = `(CAST(strftime('%s', d) AS INTEGER) + e * ${CYCLE_SECONDS}) * 1000 + ${clock} - ${zone}`;
  const times = `SELECT CASE WHEN ${valid} THEN ${ms} END AS ms FROM (${parts}) LIMIT 1`;
  return `(SELECT ms FROM (${times}) WHERE ms BETWEEN -8640000000000000 AND 8640000000000000)`;
}
