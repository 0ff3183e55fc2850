-- Accounts whose time to be erased has come, and mails that nobody sends any more.
CREATE INDEX idx_users_deleted ON users (deleted_at) WHERE status = 'DELETED';
CREATE INDEX idx_mail_outbox_expiry ON mail_outbox (expires_at);

-- What refers to an account or a tenant, so that erasing one does not read whole tables.
CREATE INDEX idx_invitations_redeemed_by ON invitations (redeemed_by) WHERE redeemed_by IS NOT NULL;
CREATE INDEX idx_tenant_invitations_invited_by ON tenant_invitations (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX idx_tenant_invitations_tenant ON tenant_invitations (tenant_id);
CREATE INDEX idx_totp_factors_user ON totp_factors (user_id);
