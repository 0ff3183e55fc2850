-- Whom the present transaction is for. Null without one, and null equals nothing: a forgotten principal sees no row.
CREATE FUNCTION app_tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE FUNCTION app_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;

-- For a migration that makes a table: SELECT isolate_by_tenant('notes'). FORCE, since the role that owns the tables is the
-- one that serves requests. The sub-select lets the planner ask once per statement instead of once per row.
CREATE FUNCTION isolate_by_tenant(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY isolate_by_tenant ON %s
    USING (tenant_id = (SELECT app_tenant_id())) WITH CHECK (tenant_id = (SELECT app_tenant_id()))', target);
END
$$;

-- The same for what belongs to one person.
CREATE FUNCTION isolate_by_user(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY isolate_by_user ON %s
    USING (user_id = (SELECT app_user_id())) WITH CHECK (user_id = (SELECT app_user_id()))', target);
END
$$;
