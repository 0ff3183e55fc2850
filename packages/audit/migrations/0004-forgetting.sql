-- A UUID of version 7 (RFC 9562, section 5.7), as the program makes them: entries are read in the order of their ids.
CREATE FUNCTION audit_new_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid
$$;

-- Destroys a person's key, blanks their addresses and records that it was done, in the transaction of whoever calls. False:
-- nothing was kept under this name, or not any more. `told` is the entry's body in canonical JSON; unless told, the name is
-- one that means nothing elsewhere and may stand in it.
CREATE FUNCTION audit_forget(of_subject text, told text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at CONSTANT timestamptz := date_trunc('milliseconds', clock_timestamp());
  body CONSTANT text := coalesce(told, '{"resource":{"id":' || to_json(of_subject)::text || ',"type":"subject"}}');
  -- A random UUID has 122 bits that are random: of two, 16 bytes.
  salt CONSTANT bytea := substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FOR 16);
  bytes CONSTANT bytea := convert_to(body, 'UTF8');
BEGIN
  UPDATE audit_subjects SET sealed_key = NULL, erased_at = at WHERE subject = of_subject AND sealed_key IS NOT NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE audit_entries SET ip_address = NULL WHERE subject = of_subject AND ip_address IS NOT NULL;
  INSERT INTO audit_entries (id, created_at, event_type, retention, body, salt, commitment)
  VALUES (audit_new_id(at), at, 'audit.subject.erased', 'security', body::jsonb, salt,
          sha256(salt || int4send(octet_length(bytes)) || bytes));
  RETURN true;
END
$$;

-- As above, and for good: what is still recorded of them, by whoever had not heard, gets no key either.
CREATE FUNCTION audit_forget_for_good(of_subject text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF audit_forget(of_subject) THEN RETURN; END IF;
  INSERT INTO audit_subjects (subject, sealed_key, created_at, erased_at)
  VALUES (of_subject, NULL, now(), now()) ON CONFLICT (subject) DO NOTHING;
END
$$;
