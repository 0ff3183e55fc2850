-- The key log of an account: which audit entry tells of its first, second, … change of devices. Numbers have no hole.
CREATE TABLE device_key_events (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  number integer NOT NULL,
  -- Of `audit_entries`, which outlives the account and whose rows are pruned in time.
  entry_id uuid NOT NULL,
  PRIMARY KEY (user_id, number),
  CONSTRAINT device_key_events_entry_key UNIQUE (entry_id),
  CONSTRAINT device_key_events_numbered CHECK (number > 0)
);
