-- Organisations. A session may stand for one of them, and says so by its column.
CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE memberships (
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  CONSTRAINT memberships_role_known CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER'))
);
CREATE INDEX idx_memberships_user ON memberships (user_id);
CREATE INDEX idx_memberships_owners ON memberships (tenant_id) WHERE role = 'OWNER';

CREATE TABLE tenant_invitations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL,
  role text NOT NULL,
  -- Only the account of this address may take it.
  email text NOT NULL,
  invited_by uuid REFERENCES users (id) ON DELETE SET NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  redeemed_at timestamptz,
  withdrawn_at timestamptz,
  CONSTRAINT tenant_invitations_token_hash_key UNIQUE (token_hash),
  CONSTRAINT tenant_invitations_role_known CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER'))
);
CREATE INDEX idx_tenant_invitations_open ON tenant_invitations (tenant_id, email)
  WHERE redeemed_at IS NULL AND withdrawn_at IS NULL;

ALTER TABLE sessions
  ADD COLUMN tenant_id uuid REFERENCES tenants (id) ON DELETE SET NULL,
  -- When the present token was first shown; null: nobody has shown it yet, and the answer to its refresh may have been lost.
  ADD COLUMN token_used_at timestamptz,
  -- Where the present stretch of use began: see `session.pauseMs`.
  ADD COLUMN active_since timestamptz,
  ADD COLUMN long_reported_at timestamptz;
UPDATE sessions SET active_since = last_used_at;
ALTER TABLE sessions ALTER COLUMN active_since SET NOT NULL;
CREATE INDEX idx_sessions_tenant ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;

-- Tokens a session had before its present one. A successor is sealed under a key that only the older token yields, and
-- is wiped when it can no longer be given out.
CREATE TABLE superseded_tokens (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  superseded_at timestamptz NOT NULL,
  successor bytea,
  CONSTRAINT superseded_tokens_hash_length CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX idx_superseded_tokens_session ON superseded_tokens (session_id);
CREATE INDEX idx_superseded_tokens_sealed ON superseded_tokens (superseded_at) WHERE successor IS NOT NULL;

-- Keys that sign access tokens. The private half is an envelope, and gone as soon as the key has signed for the last time.
CREATE TABLE signing_keys (
  id uuid PRIMARY KEY,
  -- The JWK thumbprint of the public half (RFC 7638).
  kid text NOT NULL,
  public_key bytea NOT NULL,
  private_key text,
  created_at timestamptz NOT NULL,
  signs_from timestamptz NOT NULL,
  signs_until timestamptz,
  accepted_until timestamptz,
  CONSTRAINT signing_keys_kid_key UNIQUE (kid),
  CONSTRAINT signing_keys_public_length CHECK (octet_length(public_key) = 32),
  CONSTRAINT signing_keys_end_whole CHECK ((signs_until IS NULL) = (accepted_until IS NULL))
);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  tenant_id uuid REFERENCES tenants (id) ON DELETE CASCADE,
  name text NOT NULL,
  -- SHA-256 of the key, and its first characters, by which its owner tells it from others.
  token_hash bytea NOT NULL,
  shown_prefix text NOT NULL,
  permissions text[] NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  CONSTRAINT api_keys_token_hash_key UNIQUE (token_hash),
  CONSTRAINT api_keys_token_hash_length CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX idx_api_keys_user ON api_keys (user_id);
CREATE INDEX idx_api_keys_tenant ON api_keys (tenant_id) WHERE tenant_id IS NOT NULL;

-- A change without a person is one of the signing keys. A change of a session without a reason is not its end.
ALTER TABLE identity_changes ALTER COLUMN user_id DROP NOT NULL;

CREATE FUNCTION identity_session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id, session_id) VALUES (NEW.user_id, NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER session_changed AFTER UPDATE OF token_hash, tenant_id ON sessions
  FOR EACH ROW WHEN (NEW.ended_at IS NULL AND (OLD.token_hash, OLD.tenant_id) IS DISTINCT FROM (NEW.token_hash, NEW.tenant_id))
  EXECUTE FUNCTION identity_session_changed();

CREATE FUNCTION identity_belonging_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id) VALUES (CASE WHEN TG_OP = 'DELETE' THEN OLD.user_id ELSE NEW.user_id END);
  RETURN NULL;
END
$$;
CREATE TRIGGER membership_changed AFTER INSERT OR UPDATE OR DELETE ON memberships
  FOR EACH ROW EXECUTE FUNCTION identity_belonging_changed();
CREATE TRIGGER api_key_changed AFTER UPDATE OF revoked_at, expires_at, permissions, tenant_id ON api_keys
  FOR EACH ROW EXECUTE FUNCTION identity_belonging_changed();
CREATE TRIGGER api_key_deleted AFTER DELETE ON api_keys
  FOR EACH ROW EXECUTE FUNCTION identity_belonging_changed();

CREATE FUNCTION identity_signing_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id) VALUES (NULL);
  RETURN NULL;
END
$$;
CREATE TRIGGER signing_keys_changed AFTER INSERT OR UPDATE OR DELETE ON signing_keys
  FOR EACH STATEMENT EXECUTE FUNCTION identity_signing_keys_changed();
