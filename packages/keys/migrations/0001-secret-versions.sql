-- Secrets of this installation's own making that have versions: what signs CSRF tokens, what stamps franking tags.
CREATE TABLE secret_versions (
  purpose text NOT NULL,
  id text NOT NULL,
  -- An envelope; gone once the version is destroyed.
  secret text,
  created_at timestamptz NOT NULL,
  active_from timestamptz NOT NULL,
  active_until timestamptz,
  accepted_until timestamptz,
  destroyed_at timestamptz,
  PRIMARY KEY (purpose, id),
  CONSTRAINT secret_versions_purpose_known CHECK (purpose IN ('csrf', 'franking')),
  CONSTRAINT secret_versions_secret_gone CHECK ((secret IS NULL) = (destroyed_at IS NOT NULL))
);
