-- Accounts whose time to be erased has come are found by this, and what refers to them by the others.
CREATE INDEX idx_users_deleted ON users (deleted_at) WHERE status = 'DELETED';
CREATE INDEX idx_invitations_redeemed_by ON invitations (redeemed_by) WHERE redeemed_by IS NOT NULL;
CREATE INDEX idx_tenant_invitations_invited_by ON tenant_invitations (invited_by) WHERE invited_by IS NOT NULL;
