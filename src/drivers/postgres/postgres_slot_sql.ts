/** Of a message that is longer, only the beginning is read, which says which table changed. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** No more bytes of messages are read at once, unless a transaction's first message has more. */
export const MAX_BATCH_BYTES = 16_777_216;

/**
 * Messages of whole transactions, until there are `$2` messages, without taking them off the slot `$1`. A transaction may be
 * larger than what is to be held at once: then the first messages are there, and the last one, which is the end of a
 * transaction, and a hole in between. Texts of values are written so that every session reads them as what they are: as
 * `29.02.2024 IST` a time may be read as another.
 */
export const PEEK_SQL: string = `
WITH peeked AS MATERIALIZED (
  SELECT n, data, octet_length(data) > ${MAX_MESSAGE_BYTES} AS cut
  FROM (
    SELECT set_config('datestyle', 'ISO, YMD', TRUE) || set_config('intervalstyle', 'iso_8601', TRUE) ||
      set_config('extra_float_digits', '1', TRUE) || set_config('bytea_output', 'hex', TRUE) AS settings
  ) AS s, LATERAL pg_logical_slot_peek_binary_changes($1::text::name, NULL, $2::text::int,
    'proto_version', CASE WHEN s.settings IS NOT NULL THEN '1' END, 'publication_names', $3::text
  ) WITH ORDINALITY AS p (lsn, xid, data, n)
), shortened AS (
  SELECT n, cut, CASE WHEN cut THEN substring(data FOR 5) ELSE data END AS data FROM peeked
), measured AS (
  SELECT n, cut, data, sum(octet_length(data)) OVER (ORDER BY n) AS bytes, count(*) OVER () AS total FROM shortened
)
SELECT n::text AS n, cut::text AS cut, encode(data, 'hex') AS data FROM measured
WHERE (n <= $2::text::int AND bytes <= ${MAX_BATCH_BYTES}) OR n = total
ORDER BY measured.n`;

/** Takes what comes before `$2` off the slot `$1`. */
export const ADVANCE_SQL = "SELECT pg_replication_slot_advance($1::text::name, $2::text::pg_lsn)::text AS done";

/** Makes a slot. */
export const CREATE_SQL = "SELECT pg_create_logical_replication_slot($1::text::name, 'pgoutput')::text AS made";

/** Drops a slot, if it is there. */
export const DROP_SQL =
  "SELECT pg_drop_replication_slot(slot_name)::text AS done FROM pg_replication_slots WHERE slot_name = $1::text::name";

/** How the server and the slot `$1` are. */
export const STATE_SQL = `
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'walLevel', current_setting('wal_level'),
  'isStandby', pg_is_in_recovery(),
  'history', CASE WHEN pg_is_in_recovery() THEN '' ELSE
    (SELECT system_identifier::text FROM pg_control_system()) || '-' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
  'end', CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_flush_lsn()::text END,
  'snapshot', pg_current_snapshot()::text,
  'database', current_database(),
  'slot', (
    SELECT json_build_object(
      'plugin', coalesce(plugin, slot_type), 'database', database, 'pid', active_pid, 'walStatus', wal_status,
      'confirmed', confirmed_flush_lsn::text
    )
    FROM pg_replication_slots WHERE slot_name = $1::text::name
  )
)::text AS found`;

/**
 * The transactions that have not ended for all readers. Each holds a lock on its number until it has; a snapshot does not have
 * those that began last.
 */
export const RUNNING_SQL =
  "SELECT transactionid::text AS xid FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted";

/** What the publication `$1` says of the table `$2`.`$3`. */
export const PUBLICATION_SQL = `
SELECT json_build_object(
  'isComplete', pubinsert AND pubupdate AND pubdelete AND pubtruncate,
  'hasTable', t.pubname IS NOT NULL,
  'isFiltered', coalesce((to_json(t) ->> 'rowfilter') IS NOT NULL, FALSE),
  'identity', (
    SELECT CASE WHEN c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)
      THEN 'n' ELSE c.relreplident::text END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $2::text::name AND c.relname = $3::text::name
  )
)::text AS found
FROM pg_publication p LEFT JOIN pg_publication_tables t
  ON t.pubname = p.pubname AND t.schemaname = $2::text::name AND t.tablename = $3::text::name
WHERE p.pubname = $1::text::name`;

/** The logical slots of the database, with what they hold back. */
export const SLOTS_SQL = `
SELECT json_build_object(
  'slot', slot_name,
  'plugin', plugin,
  'active', active,
  'walStatus', wal_status,
  'retainedBytes', CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END,
  'safeBytes', safe_wal_size
)::text AS found
FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()
ORDER BY restart_lsn NULLS FIRST, slot_name`;
