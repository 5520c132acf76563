import { keySql } from "./postgres_ids.ts";
import type { PostgresColumn } from "./postgres_column.ts";

/** The version of what is notified, which the triggers have as their first argument. */
export const NOTIFY_VERSION = "1";

/** A payload has to be shorter than this, in bytes, or the transaction fails. */
const PAYLOAD_LIMIT = 8000;

/** Types whose values have one text, whatever the settings of a session. */
const STABLE_TYPES: readonly string[] = [
  ...["bool", "int2", "int4", "int8", "numeric", "text", "varchar", "bpchar", "name", "citext", "uuid", "bytea"],
  ...["date", "timestamp", "timestamptz", "inet", "cidr", "macaddr", "macaddr8"],
];

/** What is installed for a table. */
export interface NotifyPlan {
  /** The quoted name of the schema. */
  readonly schema: string;
  /** The channel, also the name of the function: lower case, since not every client keeps others. */
  readonly channel: string;
  readonly key: readonly PostgresColumn[];
}

const EVENTS = [
  ["insert", "REFERENCING NEW TABLE AS vantage_live_new "],
  ["update", "REFERENCING OLD TABLE AS vantage_live_old NEW TABLE AS vantage_live_new "],
  ["delete", "REFERENCING OLD TABLE AS vantage_live_old "],
  ["truncate", ""],
] as const;

/** The names of the triggers of a table. */
export function triggerNames({ channel }: NotifyPlan): readonly string[] {
  return EVENTS.map(([event]) => `${channel}_${event}`);
}

/** The arguments of the triggers, which say what they notify. */
export function triggerArguments({ key }: NotifyPlan): readonly string[] {
  return [NOTIFY_VERSION, ...key.map(({ name }) => name)];
}

/** What there is to install, and to compare with what is installed. */
export interface Installation {
  readonly plan: NotifyPlan;
  /** The quoted names of the table and of its partitions, or of the tables that inherit from it. */
  readonly relations: readonly string[];
}

/**
 * The statements that install the function and its triggers.
 *
 * @param maxRows the most rows of a statement that are named
 */
export function installSql({ plan, relations }: Installation, maxRows: number): readonly string[] {
  const name = `${plan.schema}.${plan.channel}`;
  const body = bodySql(plan, maxRows);
  const quote = quoteFor(body);
  const args = triggerArguments(plan).map(literal).join(", ");
  const triggers = relations.flatMap((relation) =>
    EVENTS.map(([event, referencing]) =>
      `CREATE OR REPLACE TRIGGER ${plan.channel}_${event} AFTER ${event.toUpperCase()} ON ${relation}\n` +
      `  ${referencing}FOR EACH STATEMENT EXECUTE FUNCTION ${name}(${args})`
    )
  );
  return [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SET search_path TO '' AS ${quote}${body}${quote}`,
    `COMMENT ON FUNCTION ${name}() IS ${literal(`Notifies @vantage/live of changes to ${relations[0]}`)}`,
    ...triggers,
  ];
}

/** The statement that removes the function, and with it the triggers. */
export function removeSql({ schema, channel }: NotifyPlan): string {
  return `DROP FUNCTION IF EXISTS ${schema}.${channel}() CASCADE`;
}

/**
 * The body of the function. A statement that fails here would fail the transaction that changed the table, so whatever
 * happens, as when a column of the key has another name now, is notified as a change of unknown rows.
 */
export function bodySql({ channel, key }: NotifyPlan, maxRows: number): string {
  const isStable = key.every(({ type }) => STABLE_TYPES.includes(type));
  const most = isStable ? maxRows : 0;
  const keyText = isStable ? `json_build_array(${key.map(keySql).join(", ")})::text` : "''";
  const changed = `PERFORM pg_notify('${channel}', '{"kind":"changed"}')`;
  return `
#variable_conflict use_column
DECLARE
  added text[];
  removed text[];
  event record;
  payload text;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    ${changed};
    RETURN NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    added := ARRAY(SELECT ${keyText} FROM vantage_live_new LIMIT ${most + 1});
  END IF;
  IF TG_OP <> 'INSERT' THEN
    removed := ARRAY(SELECT ${keyText} FROM vantage_live_old LIMIT ${most + 1});
  END IF;
  IF greatest(cardinality(added), cardinality(removed)) > ${most} THEN
    ${changed};
    RETURN NULL;
  END IF;
  FOR event IN
    SELECT
      CASE WHEN a.key IS NULL THEN 'deleted' WHEN r.key IS NULL THEN 'inserted' ELSE 'updated' END AS kind,
      string_agg(coalesce(a.key, r.key), ',') AS keys
    FROM unnest(added) AS a (key) FULL JOIN unnest(removed) AS r (key) ON a.key = r.key
    GROUP BY 1
  LOOP
    payload := '{"kind":"' || event.kind || '","keys":[' || event.keys || ']}';
    IF octet_length(payload) < ${PAYLOAD_LIMIT} THEN
      PERFORM pg_notify('${channel}', payload);
    ELSE
      ${changed};
    END IF;
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  ${changed};
  RETURN NULL;
END
`;
}

/** A dollar quote that is not in the text. */
function quoteFor(text: string): string {
  let tag = "vantage_live";
  while (text.includes(tag)) tag += "_";
  return `$${tag}$`;
}

/** A literal, whatever `standard_conforming_strings` is. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
