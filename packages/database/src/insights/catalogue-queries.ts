/** Ours alone: what the system and its extensions brought is for them to look after. */
const OURS = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp\\_%'
  AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = t.oid AND e.deptype = 'e')`;

const milliseconds = (time: string): string => `(extract(epoch FROM ${time}) * 1000)::float8`;

export const SERVER = `SELECT ${milliseconds("clock_timestamp()")} AS "takenAt",
  current_setting('server_version_num')::int AS version,
  ${milliseconds("coalesce(stats_reset, pg_postmaster_start_time())")} AS "statisticsSince"
  FROM pg_stat_database WHERE datname = current_database()`;

/** Numbers with a unit become bytes or milliseconds. */
export const SETTINGS = `SELECT name, setting AS value,
  CASE unit WHEN 'B' THEN 1 WHEN 'kB' THEN 1024 WHEN '8kB' THEN 8192 WHEN 'MB' THEN 1048576
            WHEN 'ms' THEN 1 WHEN 's' THEN 1000 WHEN 'min' THEN 60000
            ELSE CASE WHEN vartype IN ('integer', 'real') THEN 1 END END AS factor
  FROM pg_settings`;

export const TABLES = `SELECT n.nspname AS schema, t.relname AS name,
  t.reltuples::float8 AS rows, pg_relation_size(t.oid) AS bytes, pg_total_relation_size(t.oid) AS "totalBytes",
  coalesce(s.n_dead_tup, 0) AS "deadRows", coalesce(s.n_mod_since_analyze, 0) AS "changedSinceAnalyze",
  coalesce(s.seq_scan, 0) AS "sequentialScans", coalesce(s.idx_scan, 0) AS "indexScans",
  ${milliseconds("greatest(s.last_vacuum, s.last_autovacuum)")} AS "lastVacuum",
  ${milliseconds("greatest(s.last_analyze, s.last_autoanalyze)")} AS "lastAnalyze",
  age(t.relfrozenxid) AS "transactionAge",
  coalesce((SELECT json_object_agg(o.option_name, o.option_value) FROM pg_options_to_table(t.reloptions) o), '{}') AS options,
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'width', CASE WHEN a.attlen > 0 THEN a.attlen END, 'nullFraction', st.null_frac) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_stats st
      ON st.schemaname = n.nspname AND st.tablename = t.relname AND st.attname = a.attname AND NOT st.inherited
    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_stat_user_tables s ON s.relid = t.oid
  WHERE t.relkind IN ('r', 'm') AND ${OURS} ORDER BY 1, 2`;

/** In `indoption` bit 0 is DESC and bit 1 NULLS FIRST; the vectors count from 0, `pg_get_indexdef` from 1. */
const indexes = (
  lastScan: string,
): string => `SELECT n.nspname AS schema, c.relname AS name, t.relname AS table,
  am.amname AS method, pg_get_indexdef(i.indexrelid) AS definition, i.indisunique AS unique, i.indisvalid AS valid,
  (SELECT json_agg(json_build_object(
      'column', a.attname, 'sql', pg_get_indexdef(i.indexrelid, k + 1, false),
      'operatorClass', (SELECT opcnamespace::regnamespace || '.' || opcname FROM pg_opclass WHERE oid = i.indclass[k]),
      'collation', nullif(i.indcollation[k], 0)::regcollation::text,
      'columnCollation', coalesce(i.indcollation[k] = a.attcollation, false),
      'descending', i.indoption[k] & 1 = 1, 'nullsFirst', i.indoption[k] & 2 = 2) ORDER BY k)
    FROM generate_series(0, i.indnkeyatts - 1) k
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[k] AND i.indkey[k] <> 0) AS keys,
  coalesce((SELECT json_agg(a.attname ORDER BY k) FROM generate_series(i.indnkeyatts, i.indnatts - 1) k
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[k]), '[]') AS include,
  i.indisprimary OR i.indisreplident OR i.indisexclusion OR i.indisclustered
    OR EXISTS (SELECT FROM pg_constraint x WHERE x.conindid = i.indexrelid)
    OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) AS needed,
  EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = t.oid) AS building,
  pg_get_expr(i.indpred, i.indrelid) AS predicate, i.indnullsnotdistinct AS "nullsNotDistinct",
  pg_relation_size(i.indexrelid) AS bytes, coalesce(s.idx_scan, 0) AS scans, ${lastScan} AS "lastScan"
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
  WHERE t.relkind IN ('r', 'm') AND ${OURS} ORDER BY 1, 3, i.indexrelid`;

export const INDEXES = {
  before16: indexes("NULL::float8"),
  since16: indexes(milliseconds("s.last_idx_scan")),
};

/** A key that refers to a partitioned table has a copy for each of its partitions: the one that was declared is told. */
export const FOREIGN_KEYS = `SELECT n.nspname AS schema, k.conname AS name, t.relname AS table,
  (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.conkey) WITH ORDINALITY u (attnum, ord)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
  format('%I.%I', rn.nspname, r.relname) AS referenced
  FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
  WHERE k.contype = 'f' AND t.relkind = 'r' AND ${OURS}
    AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
  ORDER BY 1, 3, 2`;

/** A sequence of eight bytes that fills a column of four ends with the column. */
const COLUMN_LIMIT = `CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END`;

export const SEQUENCES = `SELECT n.nspname AS schema, t.relname AS name,
  CASE WHEN a.attname IS NOT NULL THEN json_build_object(
    'table', o.relname, 'column', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) END AS owner,
  coalesce(CASE WHEN q.seqincrement > 0
      THEN pg_sequence_last_value(t.oid)::float8 / least(q.seqmax, ${COLUMN_LIMIT})
      ELSE pg_sequence_last_value(t.oid)::float8 / q.seqmin END, 0) AS used
  FROM pg_sequence q JOIN pg_class t ON t.oid = q.seqrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype IN ('a', 'i')
    AND d.refobjsubid > 0
  LEFT JOIN pg_class o ON o.oid = d.refobjid
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE NOT q.seqcycle AND CASE WHEN t.relkind = 'S' THEN has_sequence_privilege(t.oid, 'SELECT') END AND ${OURS} ORDER BY 1, 2`;

export const DATABASES = `SELECT datname AS name, datname = current_database() AS here, age(datfrozenxid) AS "transactionAge",
  mxid_age(datminmxid) AS "multixactAge" FROM pg_database ORDER BY 1`;
