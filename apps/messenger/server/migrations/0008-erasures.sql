-- Whoever erases, with whatever statement: the act and its row in the ledger are one transaction.
CREATE FUNCTION account_erasure_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM record_erasure('account.erased', OLD.id::text);
  ELSIF NEW.status = 'DELETED' THEN
    PERFORM record_erasure('account.closed', NEW.id::text);
  ELSE
    PERFORM record_erasure('account.reopened', NEW.id::text);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER erasure_recorded AFTER DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION account_erasure_recorded();
CREATE TRIGGER closing_recorded AFTER UPDATE OF status ON users
  FOR EACH ROW WHEN ((OLD.status = 'DELETED') <> (NEW.status = 'DELETED'))
  EXECUTE FUNCTION account_erasure_recorded();

CREATE FUNCTION audit_erasure_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM record_erasure('audit-subject.erased', NEW.subject);
  RETURN NULL;
END
$$;
CREATE TRIGGER erasure_recorded AFTER UPDATE OF sealed_key ON audit_subjects
  FOR EACH ROW WHEN (OLD.sealed_key IS NOT NULL AND NEW.sealed_key IS NULL)
  EXECUTE FUNCTION audit_erasure_recorded();
