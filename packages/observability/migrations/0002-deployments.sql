-- What was put into service, where and when: one row, however often a pipeline tells it.
CREATE TABLE deployments (
  environment text NOT NULL,
  -- The pipeline's name for it, or version and commit.
  id text NOT NULL,
  version text NOT NULL,
  commit_id text NOT NULL,
  deployed_at timestamptz NOT NULL,
  -- When the oldest change in it was committed; null where nobody said.
  committed_at timestamptz,
  failed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (environment, id)
);
CREATE INDEX idx_deployments_time ON deployments (environment, deployed_at DESC);

-- When service was impaired, from the first word of it until it was restored.
CREATE TABLE delivery_incidents (
  id text PRIMARY KEY,
  environment text NOT NULL,
  title text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  -- The deployment that caused it, where somebody said. No foreign key: the deployment may be told later.
  deployment text,
  CONSTRAINT delivery_incidents_in_order CHECK (closed_at >= opened_at)
);
CREATE INDEX idx_delivery_incidents_time ON delivery_incidents (environment, opened_at DESC);
