-- Accounts. Password hashes stand apart, so that no query for a person's row ever carries one.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL,
  name text NOT NULL,
  status text NOT NULL DEFAULT 'ACTIVE',
  role text NOT NULL DEFAULT 'USER',
  last_active_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  suspended_at timestamptz,
  suspended_until timestamptz,
  suspension_reason text,
  banned_at timestamptz,
  ban_reason text,
  deleted_at timestamptz,
  CONSTRAINT users_status_known CHECK (status IN ('ACTIVE', 'SUSPENDED', 'BANNED', 'DELETED')),
  CONSTRAINT users_role_known CHECK (role IN ('USER', 'MODERATOR', 'ADMIN')),
  -- One spelling per address, so the plain unique index is also the case-insensitive one.
  CONSTRAINT users_email_normalised CHECK (email = lower(email)),
  CONSTRAINT users_email_key UNIQUE (email)
);
CREATE INDEX idx_users_last_active ON users (last_active_at) WHERE status = 'ACTIVE';
CREATE INDEX idx_users_created ON users (created_at);
CREATE INDEX idx_users_suspended_until ON users (suspended_until) WHERE status = 'SUSPENDED';
CREATE INDEX idx_users_admins ON users (id) WHERE role = 'ADMIN';

CREATE TABLE credentials (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- argon2id in the PHC string format: parameters, salt and digest.
  password_hash text NOT NULL,
  changed_at timestamptz NOT NULL
);

-- The form of a name that the directory searches: without case and accents, made by the application, so that it does
-- not depend on the locale of the database.
CREATE TABLE directory_entries (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  search_name text COLLATE "C" NOT NULL
);
CREATE INDEX idx_directory_entries_name ON directory_entries (search_name, user_id);

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- SHA-256 of the token. The token has 256 random bits, so a slow hash would add nothing.
  token_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  user_agent text NOT NULL,
  ip_address text NOT NULL,
  ended_at timestamptz,
  end_reason text,
  CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
  CONSTRAINT sessions_token_hash_length CHECK (octet_length(token_hash) = 32),
  CONSTRAINT sessions_end_whole CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX idx_sessions_user_address ON sessions (user_id, ip_address);
CREATE INDEX idx_sessions_idle ON sessions (last_used_at) WHERE ended_at IS NULL;
CREATE INDEX idx_sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL,
  role text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  redeemed_at timestamptz,
  redeemed_by uuid REFERENCES users (id) ON DELETE SET NULL,
  withdrawn_at timestamptz,
  CONSTRAINT invitations_token_hash_key UNIQUE (token_hash),
  CONSTRAINT invitations_role_known CHECK (role IN ('USER', 'MODERATOR', 'ADMIN'))
);

CREATE TABLE socket_tickets (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX idx_socket_tickets_session ON socket_tickets (session_id);
CREATE INDEX idx_socket_tickets_expiry ON socket_tickets (expires_at);

-- Sign-in attempts by digest of account, of address, and of both.
CREATE TABLE sign_in_attempts (
  key bytea PRIMARY KEY,
  failures integer NOT NULL,
  last_attempt_at timestamptz NOT NULL,
  blocked_until timestamptz
);
CREATE INDEX idx_sign_in_attempts_last ON sign_in_attempts (last_attempt_at);

-- What every process must hear within a second: ended sessions, and accounts whose cached form is out of date. Written
-- by triggers, so that a statement typed into psql counts as much as a call of the API. Each row carries its
-- transaction's id: readers compare snapshots, which misses nothing when transactions commit out of order.
CREATE TABLE identity_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  user_id uuid NOT NULL,
  session_id uuid,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_identity_changes_transaction ON identity_changes (transaction_id);
CREATE INDEX idx_identity_changes_created ON identity_changes (created_at);

CREATE FUNCTION identity_session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO identity_changes (user_id, session_id, reason) VALUES (OLD.user_id, OLD.id, 'deleted');
  ELSE
    INSERT INTO identity_changes (user_id, session_id, reason) VALUES (NEW.user_id, NEW.id, NEW.end_reason);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER session_ended AFTER UPDATE OF ended_at ON sessions
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION identity_session_ended();
CREATE TRIGGER session_deleted AFTER DELETE ON sessions
  FOR EACH ROW WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION identity_session_ended();

CREATE FUNCTION identity_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id) VALUES (NEW.id);
  IF NEW.status <> 'ACTIVE' AND OLD.status = 'ACTIVE' THEN
    UPDATE sessions SET ended_at = now(), end_reason = lower(NEW.status)
      WHERE user_id = NEW.id AND ended_at IS NULL;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER account_changed AFTER UPDATE OF email, name, role, status ON users
  FOR EACH ROW WHEN ((OLD.email, OLD.name, OLD.role, OLD.status) IS DISTINCT FROM (NEW.email, NEW.name, NEW.role, NEW.status))
  EXECUTE FUNCTION identity_account_changed();
