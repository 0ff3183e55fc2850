-- What took the longest in this database, for whoever asks in SQL. Constants are not in it, nor what was typed into utility
-- statements. The view it reads is found wherever its extension was put; without it, the error says what to do.
CREATE FUNCTION analyze_slow_queries(least_mean_ms double precision DEFAULT 100, most integer DEFAULT 20)
RETURNS TABLE (
  query text, calls bigint, total_ms double precision, mean_ms double precision, max_ms double precision,
  stddev_ms double precision, rows_per_call double precision, cache_hit_percent double precision
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  home name;
BEGIN
  SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements';
  IF home IS NULL THEN
    RAISE EXCEPTION 'pg_stat_statements is not installed in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Put it into shared_preload_libraries, restart, and run: CREATE EXTENSION pg_stat_statements';
  END IF;
  RETURN QUERY EXECUTE format($q$
    SELECT s.query, s.calls, s.total_exec_time, s.mean_exec_time, s.max_exec_time, s.stddev_exec_time,
      s.rows::double precision / s.calls,
      100 * s.shared_blks_hit::double precision / nullif(s.shared_blks_hit + s.shared_blks_read, 0)
    FROM %I.pg_stat_statements s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.toplevel AND s.calls > 0 AND s.mean_exec_time >= $1
      AND s.query ~* '^[\s(]*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\y'
    ORDER BY s.mean_exec_time DESC LIMIT $2 $q$, home)
    USING least_mean_ms, most;
END
$$;
