-- What a rule's expression was made of when an alert of it last began to fire, in words: the samples themselves are in the
-- memory of the process that evaluated.
CREATE TABLE alert_reasons (
  rule text PRIMARY KEY,
  fired_at timestamptz NOT NULL,
  reason text NOT NULL
);
