import { type EdgeContext, PROBLEM_MEDIA_TYPE, type Problem, problemBody } from "@rempart/edge";
import { type Context, Hono } from "hono";
import { findAdmin } from "./admin.ts";
import { type AuditSink, auditEntry } from "./audit.ts";
import type { AdminKey } from "./config.ts";
import { createRegistry, isPluginId, readPlugin } from "./plugins.ts";
import { PROBLEMS } from "./problems.ts";

export interface PluginsVariables {
  edge: EdgeContext;
  tenantId: string;
}

type App = Hono<{ Variables: PluginsVariables }>;
type PluginsContext = Context<{ Variables: PluginsVariables }>;

export interface AppOptions {
  readonly adminKeys: readonly AdminKey[];
  readonly audit: AuditSink;
  /** Where the platform put what the edge knows of the request. */
  readonly contextOf: (env: unknown) => EdgeContext;
  /** What a handler threw, as what the client may see of it. */
  readonly failure: (context: EdgeContext, error: unknown) => Problem;
}

export function createApp({ adminKeys, audit, contextOf, failure }: AppOptions): App {
  const registry = createRegistry();
  const app: App = new Hono();
  app.use(async (c, next) => {
    c.set("edge", contextOf(c.env));
    await next();
  });

  app.get("/api/v1/health", (c) => c.json({ status: "ok" }));
  app.get("/api/v1/plugins", (c) => c.json({ plugins: registry.list() }));

  const path = "/api/v1/admin/plugins/:id";
  app.use(path, async (c, next) => {
    c.get("edge").route = path;
    const admin = await findAdmin(c.req.raw.headers, adminKeys);
    if (admin === null) c.res = refusal(c, PROBLEMS.unauthorized, { "WWW-Authenticate": "Bearer" });
    else {
      c.set("tenantId", admin.tenantId);
      await next();
    }
    const { raw } = c.req;
    audit(auditEntry(raw, c.res.status, c.req.param("id"), admin?.tenantId ?? null, c.get("edge")));
  });
  app.get(path, (c) => {
    const plugin = registry.get(c.req.param("id"));
    return plugin === null ? refusal(c, PROBLEMS.notFound) : c.json(plugin);
  });
  app.put(path, async (c) => {
    const id = c.req.param("id");
    if (!isPluginId(id)) return refusal(c, PROBLEMS.invalidId);
    const plugin = readPlugin(id, await c.req.json().catch(() => null));
    if (Array.isArray(plugin)) return refusal(c, { ...PROBLEMS.invalid, members: { errors: plugin } });
    return registry.put(plugin) ? c.json(plugin) : refusal(c, PROBLEMS.full);
  });
  app.delete(path, (c) => {
    const id = c.req.param("id");
    return registry.delete(id) ? c.json({ deleted: id }) : refusal(c, PROBLEMS.notFound);
  });

  app.notFound((c) => refusal(c, PROBLEMS.notFound));
  app.onError((error, c) => refusal(c, failure(c.get("edge"), error)));
  return app;
}

function refusal(c: PluginsContext, problem: Problem, headers: Record<string, string> = {}): Response {
  return new Response(problemBody(problem, c.get("edge").requestId), {
    status: problem.status,
    headers: { "Content-Type": PROBLEM_MEDIA_TYPE, "Cache-Control": "no-store", ...headers },
  });
}
