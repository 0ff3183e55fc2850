-- What the alerting engine holds, by the kind of the entry: alerts, groups, reporters, mutes, letters, and its clock. Entries
-- are read and written as a whole, under one lock.
CREATE TABLE alerting_entries (
  kind text NOT NULL,
  key text NOT NULL,
  -- Null: it is gone, which those who read it before have yet to learn.
  body jsonb,
  -- Of the last change: a process that knows the entries up to one reads those after it.
  revision bigint NOT NULL,
  PRIMARY KEY (kind, key),
  CONSTRAINT alerting_entries_kind_known
    CHECK (kind IN ('alert', 'group', 'reporter', 'mute', 'letter', 'clock'))
);
CREATE INDEX idx_alerting_entries_revision ON alerting_entries (revision);

-- One row: its lock is the engine's.
CREATE TABLE alerting_revisions (
  id integer PRIMARY KEY DEFAULT 1,
  revision bigint NOT NULL DEFAULT 0,
  -- Entries that were gone by then are not there any more: who knows less begins anew.
  horizon bigint NOT NULL DEFAULT 0,
  CONSTRAINT alerting_revisions_one CHECK (id = 1)
);
INSERT INTO alerting_revisions DEFAULT VALUES;

CREATE TABLE alert_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  occurred_at timestamptz NOT NULL,
  kind text NOT NULL,
  fingerprint text NOT NULL,
  rule text NOT NULL,
  -- A double's text: jsonb and JSON have no word for what is not finite.
  value text NOT NULL,
  detail text
);
CREATE INDEX idx_alert_events_occurred ON alert_events (occurred_at);
CREATE INDEX idx_alert_events_fingerprint ON alert_events (fingerprint, id);
CREATE INDEX idx_alert_events_rule ON alert_events (rule, id);
