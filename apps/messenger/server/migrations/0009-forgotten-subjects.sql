-- Whoever erases an account, with whatever statement, destroys the key of what the audit log holds of that person, in the same
-- transaction. Its rights are its owner's: who may delete an account need not be able to forget anybody else.
CREATE FUNCTION account_forgotten() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM audit_forget_for_good(OLD.id::text);
  RETURN NULL;
END
$$;
-- After the ledger's row, by the order of the names: that stands for this, too.
CREATE TRIGGER forgotten AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION account_forgotten();

-- An account that is erased again takes its subject with it.
CREATE OR REPLACE FUNCTION audit_erasure_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM erasures WHERE kind = 'account.erased' AND subject = NEW.subject) THEN
    PERFORM record_erasure('audit-subject.erased', NEW.subject);
  END IF;
  RETURN NULL;
END
$$;

-- Of accounts that were erased before this.
SELECT audit_forget_for_good(subject) FROM erasures WHERE kind = 'account.erased';
