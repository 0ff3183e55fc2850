-- What an incident is about, where a program tells of it: of one subject one incident goes on at a time, whoever tells.
ALTER TABLE delivery_incidents ADD COLUMN subject text;
CREATE UNIQUE INDEX idx_delivery_incidents_subject ON delivery_incidents (environment, subject) WHERE closed_at IS NULL;
