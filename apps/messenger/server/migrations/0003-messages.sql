-- Ciphertext and its place. Membership, and with it the existence of conversation, sender and device, is checked by the
-- statement that inserts, under the conversation's lock; foreign keys would look the same rows up again for each message.
CREATE TABLE messages (
  id uuid PRIMARY KEY,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  sender_id uuid NOT NULL,
  -- Null for an event, which the server writes.
  device_id uuid,
  kind text NOT NULL CHECK (kind IN ('application', 'commit', 'event')),
  epoch bigint,
  body bytea,
  -- What a commit did to the membership.
  change jsonb,
  event jsonb,
  media_id uuid,
  created_at timestamptz NOT NULL
);
ALTER TABLE messages ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX idx_messages_position ON messages (conversation_id, seq);
CREATE INDEX idx_messages_conversation ON messages (conversation_id, created_at DESC);
CREATE INDEX idx_messages_media ON messages (media_id) WHERE media_id IS NOT NULL;

CREATE TABLE welcomes (
  id uuid PRIMARY KEY,
  conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  suite text NOT NULL CHECK (suite IN ('x-wing', 'x25519')),
  body bytea NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE welcomes ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX idx_welcomes_conversation ON welcomes (conversation_id);
CREATE INDEX idx_welcomes_created ON welcomes (created_at);

CREATE TABLE welcome_recipients (
  device_id uuid NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
  welcome_id uuid NOT NULL REFERENCES welcomes (id) ON DELETE CASCADE,
  PRIMARY KEY (device_id, welcome_id)
);
CREATE INDEX idx_welcome_recipients_welcome ON welcome_recipients (welcome_id);
