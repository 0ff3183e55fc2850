-- One row, always: what the whole installation agrees on.
CREATE TABLE server_state (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  -- Rises after a restore from a backup; clients compare it and resynchronise.
  incarnation integer NOT NULL DEFAULT 1
);
INSERT INTO server_state DEFAULT VALUES;

CREATE TABLE devices (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name text NOT NULL,
  -- The Ed25519 public key that every leaf and key package of the device must carry.
  signature_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX idx_devices_user ON devices (user_id);
CREATE INDEX idx_devices_revoked ON devices (revoked_at) WHERE revoked_at IS NOT NULL;

-- A claimed package keeps its digest until it expires, so that an upload sent twice is not handed out twice.
CREATE TABLE key_packages (
  digest bytea PRIMARY KEY,
  device_id uuid NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  suite text NOT NULL CHECK (suite IN ('x-wing', 'x25519')),
  body bytea,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  claimed_at timestamptz,
  CHECK ((body IS NULL) = (claimed_at IS NOT NULL))
);
ALTER TABLE key_packages ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX idx_key_packages_unclaimed ON key_packages (device_id, suite, created_at) WHERE claimed_at IS NULL;
CREATE INDEX idx_key_packages_expiry ON key_packages (expires_at);
