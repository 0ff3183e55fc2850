-- Something that happened to a conversation takes its next place, under the lock that the caller holds on it.
CREATE FUNCTION place_conversation_event(of_conversation uuid, by_user uuid, told jsonb) RETURNS void LANGUAGE sql AS $$
  WITH moved AS (
    UPDATE conversations SET head_seq = head_seq + 1,
      last_message_at = greatest(last_message_at, date_trunc('milliseconds', clock_timestamp()))
    WHERE id = of_conversation RETURNING id, head_seq, last_message_at
  )
  INSERT INTO messages (id, conversation_id, seq, sender_id, kind, event, created_at)
  SELECT gen_random_uuid(), id, head_seq, by_user, 'event', told, last_message_at FROM moved
$$;

-- Whoever is erased has left: nothing more is encrypted to their devices, members are told, and a group keeps an owner. Before the
-- account goes, while its memberships can be found; in the order of ids, as every writer that locks several.
CREATE FUNCTION account_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  of_group uuid;
  heir record;
BEGIN
  PERFORM FROM conversations c
  WHERE c.id IN (SELECT conversation_id FROM conversation_members WHERE user_id = OLD.id)
  ORDER BY c.id FOR NO KEY UPDATE;
  UPDATE conversations c SET has_orphans = true
  WHERE c.id IN (SELECT conversation_id FROM conversation_members WHERE user_id = OLD.id) AND NOT c.has_orphans
    AND EXISTS (SELECT FROM conversation_devices d WHERE d.conversation_id = c.id AND d.user_id = OLD.id);
  FOR of_group IN
    SELECT c.id FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.user_id = OLD.id AND m.left_at IS NULL AND c.kind = 'group' ORDER BY c.id
  LOOP
    SELECT m.user_id, m.role INTO heir FROM conversation_members m
    WHERE m.conversation_id = of_group AND m.user_id <> OLD.id AND m.left_at IS NULL
    ORDER BY array_position(ARRAY['owner', 'admin', 'member'], m.role), m.joined_at, m.user_id LIMIT 1;
    CONTINUE WHEN NOT FOUND;
    IF heir.role <> 'owner' THEN
      UPDATE conversation_members SET role = 'owner' WHERE conversation_id = of_group AND user_id = heir.user_id;
      PERFORM place_conversation_event(of_group, OLD.id, jsonb_build_object('type', 'role', 'userId', heir.user_id, 'role', 'owner'));
    END IF;
    PERFORM place_conversation_event(of_group, OLD.id, jsonb_build_object('type', 'left', 'userId', OLD.id));
  END LOOP;
  RETURN OLD;
END
$$;
CREATE TRIGGER account_left BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION account_left();

-- Of accounts that were erased before this.
UPDATE conversations c SET has_orphans = true
WHERE NOT c.has_orphans AND EXISTS (
  SELECT FROM conversation_devices d
  WHERE d.conversation_id = c.id AND NOT EXISTS (SELECT FROM users u WHERE u.id = d.user_id));
