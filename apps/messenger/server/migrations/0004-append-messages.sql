-- Places a batch of application messages: locks the conversations in the order of their ids (no deadlock between
-- batches), then judges and numbers each message with a snapshot taken after the locks were held, so that a commit or a
-- departure that came first is seen. One call is one statement for the caller, hence one durable commit for the batch.
--
-- Planned once for any batch and for index look-ups only: the plan is kept by each connection and must not date from the
-- day the tables were empty. The body of message i is the bytes starts[i] .. starts[i] + sizes[i] - 1 of `bodies`.
CREATE FUNCTION append_messages(
  ids uuid[],
  conversation_ids uuid[],
  sender_ids uuid[],
  device_ids uuid[],
  epochs bigint[],
  starts integer[],
  sizes integer[],
  bodies bytea,
  sent_at timestamptz
) RETURNS TABLE (outcome text, seq bigint, earlier_sent_at bigint, present_epoch bigint)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM conversations c WHERE c.id = ANY (conversation_ids) ORDER BY c.id FOR NO KEY UPDATE;
  RETURN QUERY
  WITH judged AS (
    SELECT i.*, c.head_seq, c.epoch AS present_epoch, earlier.seq AS earlier_seq, earlier.at AS earlier_sent_at,
      CASE
        WHEN c.epoch IS NULL OR NOT EXISTS (
          SELECT FROM conversation_members m
          WHERE m.conversation_id = i.conversation_id AND m.user_id = i.sender_id AND m.left_at IS NULL
        ) THEN 'unknown-conversation'
        WHEN earlier.seq IS NOT NULL THEN CASE WHEN earlier.same THEN 'again' ELSE 'id-taken' END
        WHEN NOT EXISTS (
          SELECT FROM conversation_devices d
          WHERE d.conversation_id = i.conversation_id AND d.device_id = i.device_id AND d.user_id = i.sender_id
        ) THEN 'device-not-in-group'
        WHEN c.epoch <> i.epoch THEN 'stale-epoch'
        WHEN c.has_orphans THEN 'pending-removals'
        ELSE 'placed'
      END AS outcome
    FROM unnest(ids, conversation_ids, sender_ids, device_ids, epochs, starts, sizes)
      WITH ORDINALITY AS i (id, conversation_id, sender_id, device_id, epoch, start, size, ord)
    LEFT JOIN LATERAL (
      SELECT c.epoch, c.head_seq, c.has_orphans FROM conversations c WHERE c.id = i.conversation_id LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (
      SELECT m.seq, (extract(epoch FROM m.created_at) * 1000)::bigint AS at,
        m.conversation_id = i.conversation_id AND m.sender_id = i.sender_id AND m.kind = 'application' AS same
      FROM messages m WHERE m.id = i.id LIMIT 1
    ) earlier ON true
  ), numbered AS MATERIALIZED (
    SELECT j.*, j.head_seq + count(*) FILTER (WHERE j.outcome = 'placed')
      OVER (PARTITION BY j.conversation_id ORDER BY j.ord) AS next_seq
    FROM judged j
  ), moved AS (
    UPDATE conversations c SET head_seq = p.head, last_message_at = greatest(c.last_message_at, sent_at)
    FROM (
      SELECT n.conversation_id, max(n.next_seq) AS head FROM numbered n
      WHERE n.outcome = 'placed' GROUP BY n.conversation_id
    ) p
    WHERE c.id = p.conversation_id
  ), stored AS (
    INSERT INTO messages (id, conversation_id, seq, sender_id, device_id, kind, epoch, body, created_at)
    SELECT n.id, n.conversation_id, n.next_seq, n.sender_id, n.device_id, 'application', n.epoch,
      substring(bodies FROM n.start FOR n.size), sent_at
    FROM numbered n WHERE n.outcome = 'placed'
  )
  SELECT n.outcome, CASE WHEN n.outcome = 'placed' THEN n.next_seq ELSE n.earlier_seq END, n.earlier_sent_at,
    n.present_epoch
  FROM numbered n ORDER BY n.ord;
END
$$;
