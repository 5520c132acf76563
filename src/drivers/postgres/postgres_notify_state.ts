import { describe } from "../../base/describe.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Session } from "./postgres_database.ts";
import { bodySql, type Installation, type NotifyPlan, triggerArguments, triggerNames } from "./postgres_notify_sql.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** What is there of the triggers of a table. */
export interface NotifyState extends Installation {
  /** Whether the user may create the function, and triggers on all relations. */
  readonly mayInstall: boolean;
  /** The body of the function; `null` if there is none. */
  readonly body: string | null;
  /** Whether the user may remove the function. */
  readonly mayRemove: boolean;
  /** The triggers that are enabled and call the function, of all relations. */
  readonly triggers: readonly FoundTrigger[];
}

interface FoundTrigger {
  readonly relation: string;
  readonly name: string;
  readonly args: readonly string[];
}

type Found = Omit<NotifyState, "plan"> & Pick<NotifyPlan, "schema" | "channel">;

/** Reads what is there of the triggers of a table. */
export async function readNotifyState(db: Session, { sqlName, key }: PostgresSchema): Promise<NotifyState> {
  const [row] = await db.query(STATE_SQL, [sqlName]);
  const found = JSON.parse(String(row?.found)) as Found; // As the query below makes it.
  return { ...found, plan: { schema: found.schema, channel: found.channel, key: key.columns } };
}

/** Whether all is as it would be installed now. */
export function isInstalled({ plan, body, relations, triggers }: NotifyState, maxRows: number): boolean {
  return body === bodySql(plan, maxRows) && relations.every((relation) => hasTriggers(plan, relation, triggers));
}

/**
 * The channel that the triggers of a table notify. Partitions without triggers are not looked for: what is written
 * through the table itself is notified all the same.
 *
 * @throws {UnsupportedError} if there are none, or they notify something else.
 */
export function channelOf({ plan, relations: [table = ""], triggers }: NotifyState, name: string): string {
  if (hasTriggers(plan, table, triggers)) return plan.channel;
  const names = triggerNames(plan);
  const isOther = triggers.filter(({ name, relation }) => relation === table && names.includes(name)).length ===
    names.length;
  const what = isOther ? "has triggers for another key, or of another version" : "has not all the triggers that notify";
  throw new UnsupportedError(`${describe(name)} ${what}; installNotify(client, ${describe(name)}) makes them`);
}

function hasTriggers(plan: NotifyPlan, relation: string, triggers: readonly FoundTrigger[]): boolean {
  const args = JSON.stringify(triggerArguments(plan));
  return triggerNames(plan).every((wanted) =>
    triggers.some((found) =>
      found.relation === relation && found.name === wanted && JSON.stringify(found.args) === args
    )
  );
}

const STATE_SQL = `
WITH RECURSIVE tree AS (
  SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = $1::text::regclass
  UNION
  SELECT c.oid, c.relkind FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class c ON c.oid = i.inhrelid
),
relations AS (
  SELECT t.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, t.oid = $1::text::regclass AS is_root
  FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE t.relkind IN ('r', 'p')
),
root AS (
  SELECT n.oid AS namespace, quote_ident(n.nspname) AS schema,
    'vantage_live_' || left(encode(sha256(convert_to($1::text, 'UTF8')), 'hex'), 32) AS channel
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::text::regclass
),
functions AS (
  SELECT p.oid, p.prosrc, pg_has_role(p.proowner, 'USAGE') AS removable
  FROM root JOIN pg_proc p ON p.pronamespace = root.namespace AND p.proname = root.channel AND p.pronargs = 0
)
SELECT json_build_object(
  'schema', schema,
  'channel', channel,
  'relations', (SELECT json_agg(name ORDER BY NOT is_root, name) FROM relations),
  'mayInstall', has_schema_privilege(namespace, 'CREATE') AND
    (SELECT bool_and(has_table_privilege(oid, 'TRIGGER')) FROM relations),
  'body', (SELECT prosrc FROM functions),
  'mayRemove', coalesce((SELECT removable FROM functions), TRUE),
  'triggers', coalesce((
    SELECT json_agg(json_build_object('relation', r.name, 'name', g.tgname, 'args', (
      SELECT json_agg(convert_from(decode(a.part, 'hex'), getdatabaseencoding()) ORDER BY a.place)
      FROM unnest(string_to_array(regexp_replace(encode(g.tgargs, 'hex'), '(..)', E'\\\\1 ', 'g'), '00 '))
        WITH ORDINALITY AS a (part, place)
      WHERE a.place <= g.tgnargs
    )))
    FROM pg_trigger g JOIN functions f ON f.oid = g.tgfoid JOIN relations r ON r.oid = g.tgrelid
    WHERE g.tgenabled IN ('O', 'A')
  ), '[]')
)::text AS found
FROM root`;
