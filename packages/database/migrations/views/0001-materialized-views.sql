-- What is known of the materialised views that were declared, and functions that refresh them.
CREATE TABLE materialized_views (
  name         text PRIMARY KEY,
  -- Of the declaration: another one means that the view is made anew.
  definition   text NOT NULL,
  depends_on   text[] NOT NULL,
  -- Its answer changes by itself, as one that asks for now() does.
  volatile     boolean NOT NULL,
  -- One more with each refresh: what depends on it sees that it changed.
  generation   bigint NOT NULL DEFAULT 0,
  -- What it was made from: as long as that is the same, there is nothing to refresh.
  made_from    jsonb,
  -- What it shows was true then.
  current_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  refresh_ms   double precision NOT NULL DEFAULT 0
);

-- The tables and materialised views that a relation is made from, through views in between; of a table in parts, its parts.
CREATE FUNCTION relation_sources(relation regclass) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE used (oid, kind) AS (
    SELECT relation::oid, 'v'::"char"
    UNION
    SELECT c.oid, c.relkind
    FROM used
    CROSS JOIN LATERAL (
      SELECT d.refobjid AS oid FROM pg_rewrite w
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
      WHERE used.kind = 'v' AND w.ev_class = used.oid AND d.refobjid <> used.oid
      UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = used.oid
    ) source
    JOIN pg_class c ON c.oid = source.oid
  )
  SELECT oid FROM used WHERE kind IN ('r', 'm', 'f')
$$;

-- Differs after every change of what the view is made from; null where nobody counts changes. Counts begin anew with a server,
-- after a crash of one of its processes, and when they are reset. Those of a table come a moment after its changes: these are
-- seen at the next look then, and none is missed.
CREATE FUNCTION materialized_view_fingerprint(relation regclass, dependencies text[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN current_setting('track_counts')::boolean AND NOT coalesce(bool_or(c.relkind = 'f'), false) THEN jsonb_build_object(
    'counting', jsonb_build_array(pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time(),
      pg_stat_get_db_stat_reset_time((SELECT oid FROM pg_database WHERE datname = current_database()))),
    'views', (SELECT jsonb_object_agg(v.name, v.generation) FROM materialized_views v WHERE v.name = ANY (dependencies)),
    'tables', jsonb_object_agg(c.oid::text, jsonb_build_array(c.relfilenode,
      pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid))))
  END
  FROM relation_sources(relation) s JOIN pg_class c ON c.oid = s
  WHERE NOT EXISTS (SELECT FROM unnest(dependencies) name WHERE to_regclass(quote_ident(name)) = c.oid)
$$;

-- `refreshed`, `unchanged`, or `busy` while another session refreshes it. Readers are never kept waiting.
CREATE FUNCTION refresh_materialized_view(view_name text, force boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  known    materialized_views;
  relation regclass := quote_ident(view_name)::regclass;
  made     jsonb;
  started  timestamptz;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('materialized_views/' || view_name, 0)) THEN
    RETURN 'busy';
  END IF;
  SELECT * INTO STRICT known FROM materialized_views WHERE name = view_name;
  -- Before the view's own look at its sources: what is written in between is seen again next time.
  made := materialized_view_fingerprint(relation, known.depends_on);
  started := clock_timestamp();
  IF NOT force AND NOT known.volatile AND made = known.made_from THEN
    UPDATE materialized_views SET current_at = started WHERE name = view_name;
    RETURN 'unchanged';
  END IF;
  -- One that holds nothing, as after `WITH NO DATA`, has no readers either.
  EXECUTE format('REFRESH MATERIALIZED VIEW %s %s',
    (SELECT 'CONCURRENTLY' FROM pg_class WHERE oid = relation AND relispopulated), relation);
  UPDATE materialized_views
  SET made_from = made, current_at = started, generation = generation + 1,
      refresh_ms = extract(epoch FROM clock_timestamp() - started) * 1000
  WHERE name = view_name;
  RETURN 'refreshed';
END $$;

-- Each after those it depends on. One that fails does not keep the others from being refreshed.
CREATE FUNCTION refresh_all_materialized_views(force boolean DEFAULT false)
RETURNS TABLE (view_name text, outcome text) LANGUAGE plpgsql AS $$
BEGIN
  FOR view_name IN
    WITH RECURSIVE ranked (name, rank) AS (
      SELECT v.name, 0 FROM materialized_views v WHERE v.depends_on = '{}'
      UNION ALL
      SELECT v.name, ranked.rank + 1 FROM materialized_views v JOIN ranked ON ranked.name = ANY (v.depends_on)
    )
    SELECT r.name FROM ranked r GROUP BY r.name ORDER BY max(r.rank), r.name
  LOOP
    BEGIN
      outcome := refresh_materialized_view(view_name, force);
    EXCEPTION WHEN OTHERS THEN
      outcome := 'failed: ' || SQLERRM;
    END;
    RETURN NEXT;
  END LOOP;
END $$;
