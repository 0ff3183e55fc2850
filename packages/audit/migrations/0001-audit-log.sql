-- How long the body of an entry is kept, by class. A shorter time than an entry's leaf promises is found by verification.
CREATE TABLE audit_retention (
  class text PRIMARY KEY,
  keep_days integer NOT NULL,
  CONSTRAINT audit_retention_positive CHECK (keep_days > 0)
);
INSERT INTO audit_retention (class, keep_days) VALUES ('access', 90), ('security', 365);

-- What kinds of event there are, as the program's own table says: written by it when it starts.
CREATE TABLE audit_event_kinds (
  event_type text PRIMARY KEY,
  label text NOT NULL,
  severity text NOT NULL
);
CREATE INDEX idx_audit_event_kinds_label ON audit_event_kinds (label);

-- Whose personal data stands under which key. Erasing somebody destroys the key: what is under it stays where it is, unreadable.
CREATE TABLE audit_subjects (
  subject text PRIMARY KEY,
  -- The subject's key in an envelope; null once destroyed.
  sealed_key text,
  created_at timestamptz NOT NULL,
  erased_at timestamptz,
  CONSTRAINT audit_subjects_erased_whole CHECK ((sealed_key IS NULL) = (erased_at IS NOT NULL))
);

-- What happened: one row each, inserted in the transaction of the act.
CREATE TABLE audit_entries (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL,
  event_type text NOT NULL,
  -- A class of audit_retention. No foreign key: each insert would lock the same row of it, and writers would queue up there.
  retention text NOT NULL,
  body jsonb NOT NULL,
  -- Personal data in AES-256-GCM under the key of `subject`; null when there is none.
  subject text,
  personal bytea,
  -- In clear for the operator's questions, for as long as the row stands or until the subject is erased. Not in the leaf.
  ip_address inet,
  -- SHA-256 over salt, body and personal: what the leaf says of them. Without the salt nothing can be guessed from it.
  salt bytea NOT NULL,
  commitment bytea NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT audit_entries_salt_length CHECK (octet_length(salt) = 16),
  CONSTRAINT audit_entries_commitment_length CHECK (octet_length(commitment) = 32),
  CONSTRAINT audit_entries_personal_owned CHECK (personal IS NULL OR subject IS NOT NULL)
);
CREATE INDEX idx_audit_entries_transaction ON audit_entries (transaction_id, id);
CREATE INDEX idx_audit_entries_created ON audit_entries USING brin (created_at);
CREATE INDEX idx_audit_entries_subject ON audit_entries (subject, created_at) WHERE subject IS NOT NULL;
CREATE INDEX idx_audit_entries_type ON audit_entries (event_type, created_at);

-- The order of the log: an entry's place, and the hash that stands in the tree at this place.
CREATE TABLE audit_leaves (
  leaf_index bigint PRIMARY KEY,
  entry_id uuid NOT NULL,
  leaf_hash bytea NOT NULL,
  CONSTRAINT audit_leaves_entry_key UNIQUE (entry_id),
  CONSTRAINT audit_leaves_hash_length CHECK (octet_length(leaf_hash) = 32)
);

-- How far entries have their place: those that `drained` could see have one, those that `target` could see are getting it,
-- in the order of (transaction_id, id), up to the last one placed. One row.
CREATE TABLE audit_sequence (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  size bigint NOT NULL DEFAULT 0,
  drained text NOT NULL DEFAULT '1:1:',
  target text,
  after_transaction text,
  after_id uuid
);
INSERT INTO audit_sequence DEFAULT VALUES;

-- Who signs: the log's name and its Ed25519 key, the private half in an envelope. One row for each key the log ever had.
CREATE TABLE audit_signers (
  id uuid PRIMARY KEY,
  origin text NOT NULL,
  -- One more each time that the log was continued under a new name, after a restore.
  generation integer NOT NULL,
  public_key bytea NOT NULL,
  sealed_key text NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT audit_signers_key_length CHECK (octet_length(public_key) = 32)
);

-- Every head that was signed, before anybody saw it: no two for one size, none smaller than the last.
CREATE TABLE audit_checkpoints (
  size bigint PRIMARY KEY,
  root bytea NOT NULL,
  note text NOT NULL,
  created_at timestamptz NOT NULL
);

-- Only what has outlived its class may go, and only an address may be blanked. Whoever turns this off is found by verification.
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'audit_entries' THEN
    IF NEW.ip_address IS NULL AND to_jsonb(NEW) - 'ip_address' = to_jsonb(OLD) - 'ip_address' THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_entries' THEN
    IF EXISTS (SELECT FROM audit_retention WHERE class = OLD.retention
                 AND OLD.created_at < now() - make_interval(days => keep_days))
       AND EXISTS (SELECT FROM audit_leaves WHERE entry_id = OLD.id) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_leaves FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- How far each sink has taken the log: every place below this one was delivered. One row for each sink.
CREATE TABLE audit_sinks (
  name text PRIMARY KEY,
  next_index bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL
);

-- The log as an operator asks it. `event_type` is the label of the kind; `event_name` is what programs call it.
CREATE VIEW audit_logs AS
  SELECT e.id,
         l.leaf_index,
         coalesce(k.label, upper(e.event_type)) AS event_type,
         e.event_type AS event_name,
         k.severity,
         e.retention,
         e.created_at,
         e.ip_address,
         e.body -> 'actor' ->> 'userId' AS user_id,
         e.body -> 'actor' ->> 'tenantId' AS tenant_id,
         e.body -> 'resource' ->> 'type' AS resource_type,
         e.body -> 'resource' ->> 'id' AS resource_id,
         e.body -> 'resource' -> 'metadata' AS metadata,
         e.body -> 'request' ->> 'id' AS request_id,
         e.body -> 'request' ->> 'method' AS method,
         e.body -> 'request' ->> 'path' AS path,
         (e.body -> 'request' ->> 'status')::integer AS status,
         (e.body -> 'request' ->> 'success')::boolean AS success,
         e.body -> 'security' AS security
  FROM audit_entries e
  LEFT JOIN audit_event_kinds k ON k.event_type = e.event_type
  LEFT JOIN audit_leaves l ON l.entry_id = e.id;
