-- Who was erased, written in the transaction of the erasure and brought to the backups' repository: what a restore does again.
-- No personal data: an id that means nothing elsewhere, what was done, and when.
CREATE TABLE erasures (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  position bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  subject text NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now(),
  -- Of the ledger in the repository; null until it stands there.
  page bigint,
  CONSTRAINT erasures_kind_length CHECK (length(kind) BETWEEN 1 AND 64),
  CONSTRAINT erasures_subject_length CHECK (length(subject) BETWEEN 1 AND 256)
);
CREATE INDEX idx_erasures_waiting ON erasures (position) WHERE page IS NULL;
CREATE INDEX idx_erasures_subject ON erasures (subject);
CREATE INDEX idx_erasures_page ON erasures (page);

-- For triggers, whoever acts. What a restore does again has its row already, of this transaction: it is not a second erasure.
CREATE FUNCTION record_erasure(of_kind text, of_subject text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  INSERT INTO erasures (kind, subject)
  SELECT of_kind, of_subject
  WHERE NOT EXISTS (SELECT FROM erasures e
    WHERE e.kind = of_kind AND e.subject = of_subject AND e.xmin = pg_current_xact_id()::xid)
$$;
