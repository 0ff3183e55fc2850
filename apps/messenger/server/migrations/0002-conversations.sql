-- The row every write of a conversation locks first. Whatever can make a message unacceptable stands in it (epoch,
-- has_orphans): a statement that waited for the lock sees the row as it is now, but other tables as they were.
-- No index on a column that a message changes: the update stays within its page (heap-only tuple).
CREATE TABLE conversations (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('direct', 'group')),
  suite text NOT NULL CHECK (suite IN ('x-wing', 'x25519')),
  epoch bigint NOT NULL,
  head_seq bigint NOT NULL,
  -- Both user ids in order: a pair has one direct conversation.
  direct_key text UNIQUE,
  -- True while a leaf belongs to somebody who left or to a revoked device.
  has_orphans boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  last_message_at timestamptz NOT NULL,
  CHECK ((kind = 'direct') = (direct_key IS NOT NULL))
) WITH (fillfactor = 70);

CREATE TABLE group_infos (
  conversation_id uuid PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
  epoch bigint NOT NULL,
  -- Position of the commit that led to this epoch.
  seq bigint NOT NULL,
  body bytea NOT NULL
);
ALTER TABLE group_infos ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE conversation_members (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  joined_at timestamptz NOT NULL,
  -- The member may read what stands after this position.
  joined_seq bigint NOT NULL,
  left_at timestamptz,
  delivered_seq bigint NOT NULL DEFAULT 0,
  read_seq bigint NOT NULL DEFAULT 0,
  -- When joining or leaving last changed this row: what a process asks for that may have missed a hint.
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX idx_conversation_members_user ON conversation_members (user_id) WHERE left_at IS NULL;
CREATE INDEX idx_conversation_members_changed ON conversation_members (changed_at);

-- The leaves of the group's tree. No foreign key on the device: erasing an account must not make the server forget a leaf
-- that the group still has.
CREATE TABLE conversation_devices (
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  device_id uuid NOT NULL,
  user_id uuid NOT NULL,
  added_seq bigint NOT NULL,
  PRIMARY KEY (conversation_id, device_id)
);
CREATE INDEX idx_conversation_devices_device ON conversation_devices (device_id);

CREATE TABLE device_cursors (
  device_id uuid NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  delivered_seq bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (device_id, conversation_id)
) WITH (fillfactor = 80);
