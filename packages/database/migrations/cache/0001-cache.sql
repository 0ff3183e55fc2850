-- A cache that costs no write-ahead log: after a crash it is empty, and a standby has none.
CREATE UNLOGGED TABLE cache_entries (
  key           text PRIMARY KEY CHECK (octet_length(key) BETWEEN 1 AND 1024),
  -- Null while the first value is being made.
  value         json,
  tags          text[] NOT NULL DEFAULT '{}',
  fresh_until   timestamptz NOT NULL,
  -- Until then it may be shown while a new one is made.
  stale_until   timestamptz NOT NULL,
  -- To the minute: a read that wrote each time would cost as much as a write.
  used_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Who makes a new value now, and until when it is believed to.
  claim         uuid,
  claimed_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX cache_entries_tags ON cache_entries USING gin (tags);
CREATE INDEX cache_entries_stale ON cache_entries (stale_until);

CREATE FUNCTION cache_get(cache_key text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  found cache_entries;
BEGIN
  SELECT * INTO found FROM cache_entries
  WHERE key = cache_key AND value IS NOT NULL AND fresh_until > clock_timestamp();
  IF found.used_at < clock_timestamp() - interval '1 minute' THEN
    UPDATE cache_entries SET used_at = clock_timestamp() WHERE key = cache_key;
  END IF;
  RETURN found.value;
END $$;

CREATE FUNCTION cache_set(
  cache_key text, new_value json, ttl interval DEFAULT '1 hour', new_tags text[] DEFAULT '{}', stale interval DEFAULT '0'
) RETURNS void LANGUAGE sql AS $$
  INSERT INTO cache_entries (key, value, tags, fresh_until, stale_until)
  VALUES (cache_key, new_value, new_tags, clock_timestamp() + ttl, clock_timestamp() + ttl + stale)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, tags = excluded.tags, fresh_until = excluded.fresh_until,
    stale_until = excluded.stale_until, used_at = excluded.used_at, claim = NULL, claimed_until = '-infinity'
$$;

-- Also who makes a value for the key just now: it will not be kept.
CREATE FUNCTION cache_delete(cache_key text) RETURNS boolean LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM cache_entries WHERE key = cache_key RETURNING value)
  SELECT coalesce(bool_or(value IS NOT NULL), false) FROM gone
$$;

CREATE FUNCTION cache_delete_tag(tag text) RETURNS bigint LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM cache_entries WHERE tags @> ARRAY[tag] RETURNING value)
  SELECT count(value) FROM gone
$$;

-- The right to make a new value for a key that has no fresh one; null when somebody else has it.
CREATE FUNCTION cache_claim(cache_key text, lease interval, new_tags text[]) RETURNS uuid LANGUAGE sql AS $$
  INSERT INTO cache_entries AS entry (key, tags, fresh_until, stale_until, claim, claimed_until)
  VALUES (cache_key, new_tags, '-infinity', '-infinity', gen_random_uuid(), clock_timestamp() + lease)
  ON CONFLICT (key) DO UPDATE SET claim = excluded.claim, claimed_until = excluded.claimed_until,
    tags = ARRAY(SELECT unnest(entry.tags) UNION SELECT unnest(excluded.tags))
  WHERE entry.claimed_until < clock_timestamp() AND entry.fresh_until < clock_timestamp()
  RETURNING claim
$$;

-- False when the claim was taken away meanwhile: the value was made from what is not true any more.
CREATE FUNCTION cache_fill(
  cache_key text, held uuid, new_value json, ttl interval, new_tags text[], stale interval
) RETURNS boolean LANGUAGE sql AS $$
  WITH filled AS (
    UPDATE cache_entries SET value = new_value, tags = new_tags, fresh_until = clock_timestamp() + ttl,
      stale_until = clock_timestamp() + ttl + stale, used_at = clock_timestamp(), claim = NULL, claimed_until = '-infinity'
    WHERE key = cache_key AND claim = held
    RETURNING 1)
  SELECT EXISTS (SELECT FROM filled)
$$;

CREATE FUNCTION cache_release(cache_key text, held uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE cache_entries SET claim = NULL, claimed_until = '-infinity' WHERE key = cache_key AND claim = held
$$;

-- What nobody may be shown any more. Answers how many went; call again while it is `at_most`.
CREATE FUNCTION cache_cleanup_expired(at_most integer DEFAULT 10000) RETURNS bigint LANGUAGE sql AS $$
  WITH gone AS (
    DELETE FROM cache_entries WHERE key IN (
      SELECT key FROM cache_entries
      WHERE stale_until < clock_timestamp() AND claimed_until < clock_timestamp()
      LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING 1)
  SELECT count(*) FROM gone
$$;

-- The least recently used, until what is left is within both bounds. What somebody writes or deletes just now is passed over.
CREATE FUNCTION cache_cleanup_lru(max_entries bigint DEFAULT 100000, max_bytes bigint DEFAULT 268435456) RETURNS bigint
LANGUAGE sql AS $$
  WITH ranked AS (
    SELECT key, row_number() OVER recent AS entries,
           sum(pg_column_size(e.*)) OVER (recent ROWS UNBOUNDED PRECEDING) AS bytes
    FROM cache_entries e WINDOW recent AS (ORDER BY used_at DESC, key)),
  gone AS (
    DELETE FROM cache_entries WHERE key IN (
      SELECT key FROM cache_entries
      WHERE key IN (SELECT key FROM ranked WHERE entries > max_entries OR bytes > max_bytes)
      FOR UPDATE SKIP LOCKED)
    RETURNING 1)
  SELECT count(*) FROM gone
$$;

CREATE FUNCTION cache_stats()
RETURNS TABLE (entries bigint, fresh bigint, stale bigint, expired bigint, claimed bigint, bytes bigint, table_bytes bigint)
LANGUAGE sql STABLE AS $$
  SELECT count(value), count(value) FILTER (WHERE fresh_until > clock_timestamp()),
         count(value) FILTER (WHERE fresh_until <= clock_timestamp() AND stale_until > clock_timestamp()),
         count(value) FILTER (WHERE stale_until <= clock_timestamp()),
         count(*) FILTER (WHERE claimed_until > clock_timestamp()),
         coalesce(sum(pg_column_size(e.*)), 0)::bigint, pg_total_relation_size('cache_entries')
  FROM cache_entries e
$$;
