-- One for a device and suite: handed out, as often as needed, while no other is left, so that whoever has set up a device can be
-- written to while they are away (RFC 9420, section 16.8).
ALTER TABLE key_packages ADD COLUMN last_resort boolean NOT NULL DEFAULT false;
-- When it was first handed out: its device then makes another.
ALTER TABLE key_packages ADD COLUMN used_at timestamptz;
ALTER TABLE key_packages ADD CONSTRAINT key_packages_last_resort CHECK (
  CASE WHEN last_resort THEN claimed_at IS NULL ELSE used_at IS NULL END);
CREATE UNIQUE INDEX idx_key_packages_last_resort ON key_packages (device_id, suite) WHERE last_resort;
