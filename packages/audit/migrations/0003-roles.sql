-- Who may do what, for installations whose roles do not own the tables: an owner can turn triggers off, a writer cannot.
-- `writer` records and reads: the role of everything that serves requests. `keeper` places, publishes, forgets and prunes:
-- the role of one process. Both may be granted again. For the owner to call.
CREATE FUNCTION audit_grant(writer name, keeper name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  read_only CONSTANT text := 'audit_retention, audit_event_kinds, audit_sequence, audit_leaves, audit_checkpoints, audit_sinks, audit_logs';
BEGIN
  EXECUTE format('GRANT SELECT ON %s TO %I, %I', read_only, writer, keeper);
  EXECUTE format('GRANT SELECT, INSERT ON audit_entries, audit_subjects TO %I, %I', writer, keeper);
  EXECUTE format('GRANT INSERT ON audit_leaves, audit_checkpoints TO %I', keeper);
  EXECUTE format('GRANT SELECT, INSERT ON audit_signers TO %I', keeper);
  EXECUTE format('GRANT UPDATE ON audit_sequence TO %I', keeper);
  EXECUTE format('GRANT INSERT, UPDATE ON audit_sinks, audit_event_kinds TO %I', keeper);
  -- The triggers let through an address that is blanked and a body that has outlived its class.
  EXECUTE format('GRANT DELETE, UPDATE (ip_address) ON audit_entries TO %I', keeper);
  EXECUTE format('GRANT UPDATE (sealed_key, erased_at) ON audit_subjects TO %I', keeper);
END
$$;
REVOKE EXECUTE ON FUNCTION audit_grant(name, name) FROM PUBLIC;
