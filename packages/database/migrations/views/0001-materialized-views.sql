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

-- The tables and materialised views that a relation is made from, through views in between; of a partitioned table, its parts.
CREATE FUNCTION relation_sources(relation regclass) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE used (oid, kind, depth) AS (
    SELECT relation::oid, 'v'::"char", 0
    UNION
    SELECT c.oid, c.relkind, used.depth + 1
    FROM used
    JOIN pg_rewrite w ON w.ev_class = used.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> used.oid
    JOIN pg_class c ON c.oid = d.refobjid
    WHERE used.kind = 'v' AND used.depth < 64
  )
  SELECT part.relid::oid FROM used, pg_partition_tree(used.oid) part WHERE used.kind = 'p' AND part.isleaf
  UNION SELECT oid FROM used WHERE kind IN ('r', 'm')
$$;

-- Differs after every change of what the view is made from. A server that started anew has forgotten its counts. Counts of
-- a table come a moment after its changes: these are seen at the next look then, and none is missed.
CREATE FUNCTION materialized_view_fingerprint(relation regclass, dependencies text[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'server', pg_postmaster_start_time(),
    'views', (SELECT jsonb_object_agg(v.name, v.generation) FROM materialized_views v WHERE v.name = ANY (dependencies)),
    'tables', (SELECT jsonb_object_agg(c.oid::text, jsonb_build_array(c.relfilenode,
                 pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)))
               FROM relation_sources(relation) s JOIN pg_class c ON c.oid = s
               WHERE c.relname <> ALL (dependencies)))
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
  EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', relation);
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
