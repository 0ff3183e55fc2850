ALTER TABLE users
  -- Null: nobody has shown that mail to this address reaches the account's owner.
  ADD COLUMN email_verified_at timestamptz,
  -- Of the mails to this person: a language tag of RFC 5646. Null: the installation's own.
  ADD COLUMN language text;

-- Counts the passwords an account has had. A hash renewed with other parameters is the same password.
ALTER TABLE credentials ADD COLUMN version integer NOT NULL DEFAULT 1;

ALTER TABLE sessions
  -- How the holder proved who they are, in the names of RFC 8176.
  ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}',
  ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN factor_at timestamptz,
  -- The passkey that opened the session: removing it ends the session.
  ADD COLUMN passkey_id uuid;
UPDATE sessions SET authenticated_at = created_at;
CREATE INDEX idx_sessions_passkey ON sessions (passkey_id) WHERE passkey_id IS NOT NULL AND ended_at IS NULL;

-- At most one confirmed seed and one that waits for its first code; a new one replaces the old when it is confirmed.
CREATE TABLE totp_factors (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- An envelope, bound to this table, column and row.
  seed text NOT NULL,
  created_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  -- The time step of the last code that was accepted: neither it nor an earlier one is accepted again.
  last_step bigint
);
CREATE UNIQUE INDEX idx_totp_factors_confirmed ON totp_factors (user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX idx_totp_factors_pending ON totp_factors (user_id) WHERE confirmed_at IS NULL;

-- SHA-256 over the user's id and a code of 80 random bits: a slow hash would add nothing.
CREATE TABLE recovery_codes (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  credential_id bytea NOT NULL,
  -- COSE_Key (RFC 9052, section 7).
  public_key bytea NOT NULL,
  counter bigint NOT NULL,
  transports text[] NOT NULL,
  -- True: its provider copies it to other devices, as it said when it was last used.
  backed_up boolean NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id)
);
CREATE INDEX idx_passkeys_user ON passkeys (user_id);

-- A challenge answers one ceremony of one holder: `binding` names both.
CREATE TABLE passkey_challenges (
  challenge_hash bytea PRIMARY KEY,
  binding text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX idx_passkey_challenges_expiry ON passkey_challenges (expires_at);

-- A sign-in whose password was right and whose second factor is still to come.
CREATE TABLE sign_in_challenges (
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX idx_sign_in_challenges_user ON sign_in_challenges (user_id);
CREATE INDEX idx_sign_in_challenges_expiry ON sign_in_challenges (expires_at);

-- What a link in a mail is good for, once. The row of an unknown address has no user and is good for nothing: it is there so
-- that asking costs the same.
CREATE TABLE one_time_links (
  token_hash bytea PRIMARY KEY,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  purpose text NOT NULL,
  -- The address to prove, to change to, or to restore.
  email text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT one_time_links_purpose_known
    CHECK (purpose IN ('verify-email', 'reset-password', 'change-email', 'undo-email-change'))
);
CREATE INDEX idx_one_time_links_user ON one_time_links (user_id, purpose);
CREATE INDEX idx_one_time_links_email ON one_time_links (email, purpose);
CREATE INDEX idx_one_time_links_expiry ON one_time_links (expires_at);

-- A sign-up that becomes an account when its mail's link is followed: nobody can take an address by asking for it.
CREATE TABLE pending_sign_ups (
  token_hash bytea PRIMARY KEY,
  email text NOT NULL,
  name text NOT NULL,
  language text,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX idx_pending_sign_ups_email ON pending_sign_ups (email);
CREATE INDEX idx_pending_sign_ups_expiry ON pending_sign_ups (expires_at);

-- Mails to send, written in the transaction of the act they tell of.
CREATE TABLE mail_outbox (
  id uuid PRIMARY KEY,
  recipient text NOT NULL,
  kind text NOT NULL,
  language text NOT NULL,
  -- An envelope around JSON: a mail may carry a link's token, which nothing at rest may show.
  sealed_values text NOT NULL,
  -- Never sent: the row of an address without an account.
  withheld boolean NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX idx_mail_outbox_due ON mail_outbox (next_attempt_at);

-- A row with a session and no reason: what is cached of this session is out of date.
CREATE FUNCTION identity_session_proven() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id, session_id) VALUES (NEW.user_id, NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER session_proven AFTER UPDATE OF amr, authenticated_at, factor_at ON sessions
  FOR EACH ROW WHEN (
    NEW.ended_at IS NULL AND (OLD.amr, OLD.authenticated_at, OLD.factor_at)
      IS DISTINCT FROM (NEW.amr, NEW.authenticated_at, NEW.factor_at))
  EXECUTE FUNCTION identity_session_proven();

CREATE FUNCTION identity_email_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id) VALUES (NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER email_verified AFTER UPDATE OF email_verified_at ON users
  FOR EACH ROW WHEN (OLD.email_verified_at IS DISTINCT FROM NEW.email_verified_at)
  EXECUTE FUNCTION identity_email_verified();

CREATE FUNCTION identity_factor_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO identity_changes (user_id)
    VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END);
  RETURN NULL;
END
$$;
CREATE TRIGGER totp_factor_changed AFTER DELETE OR UPDATE OF confirmed_at ON totp_factors
  FOR EACH ROW EXECUTE FUNCTION identity_factor_changed();
CREATE TRIGGER passkey_changed AFTER INSERT OR DELETE ON passkeys
  FOR EACH ROW EXECUTE FUNCTION identity_factor_changed();
