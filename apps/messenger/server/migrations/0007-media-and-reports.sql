-- Encrypted files that messages refer to by `media_id`. The server holds ciphertext: neither name nor type of what it means.
CREATE TABLE media_files (
  id uuid PRIMARY KEY,
  -- Null once its owner is erased: the object is then still in the store, and this row says where.
  user_id uuid REFERENCES users (id) ON DELETE SET NULL,
  s3_key text NOT NULL,
  -- Bytes of the ciphertext.
  size bigint NOT NULL,
  -- SHA-256 of the ciphertext.
  digest bytea NOT NULL,
  created_at timestamptz NOT NULL,
  -- Null: the upload has not been completed.
  stored_at timestamptz,
  CONSTRAINT media_files_s3_key_key UNIQUE (s3_key),
  CONSTRAINT media_files_size_positive CHECK (size > 0),
  CONSTRAINT media_files_digest_length CHECK (octet_length(digest) = 32)
);
CREATE INDEX idx_media_files_user ON media_files (user_id);
CREATE INDEX idx_media_files_created ON media_files (created_at);

-- What somebody reported about somebody. It outlives who reported, and goes with whom it is about.
CREATE TABLE reports (
  id uuid PRIMARY KEY,
  reporter_id uuid REFERENCES users (id) ON DELETE SET NULL,
  reported_user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  reason text NOT NULL,
  status text NOT NULL DEFAULT 'PENDING',
  created_at timestamptz NOT NULL,
  resolved_at timestamptz,
  resolved_by uuid REFERENCES users (id) ON DELETE SET NULL,
  action text,
  CONSTRAINT reports_status_known CHECK (status IN ('PENDING', 'RESOLVED')),
  CONSTRAINT reports_action_known
    CHECK (action IN ('WARNING', 'TEMPORARY_SUSPENSION', 'PERMANENT_BAN', 'NO_ACTION')),
  CONSTRAINT reports_resolution_whole
    CHECK ((status = 'RESOLVED') = (resolved_at IS NOT NULL) AND (resolved_at IS NULL) = (action IS NULL)),
  CONSTRAINT reports_reason_length CHECK (length(reason) BETWEEN 1 AND 2000)
);
CREATE INDEX idx_reports_pending ON reports (created_at DESC) WHERE status = 'PENDING';
CREATE INDEX idx_reports_reporter ON reports (reporter_id);
CREATE INDEX idx_reports_reported_user ON reports (reported_user_id);
CREATE INDEX idx_reports_resolved_by ON reports (resolved_by) WHERE resolved_by IS NOT NULL;

-- The bans of networks under the names an operator types; what is inserted here is refused by the public listener.
ALTER TABLE network_bans ALTER COLUMN created_at SET DEFAULT now();
CREATE VIEW banned_ips AS SELECT network AS ip_address, reason, created_at, until FROM network_bans;
CREATE INDEX idx_network_bans_until ON network_bans (until);

-- What refers to an account, a device or a conversation, so that erasing one does not read whole tables.
DROP INDEX idx_conversation_members_user;
CREATE INDEX idx_conversation_members_user ON conversation_members (user_id);
CREATE INDEX idx_device_cursors_conversation ON device_cursors (conversation_id);
CREATE INDEX idx_key_packages_device ON key_packages (device_id);
