/** The service on Cloudflare Workers, configured by `wrangler.jsonc`. */
import type { EdgeContext } from "@rempart/edge";
import { type KvNamespace, kvStore } from "@rempart/edge/kv";
import { workersHandler } from "@rempart/edge/workers";
import { readConfig } from "./config.ts";
import { createService } from "./service.ts";

interface Env {
  readonly RATE_LIMIT_KV: KvNamespace;
  readonly ALLOWED_ORIGINS?: string;
  readonly ADMIN_KEYS?: string;
}

/** KV answers from the nearest data centre, and now and then from a far one. */
const KV_BUDGET_MS = 1000;

let service: ReturnType<typeof createService>;

export default workersHandler<Env>(
  (env, waitUntil) => {
    service = createService(readConfig({ ...env }), {
      contextOf: (bindings) => (bindings as { context: EdgeContext }).context,
      store: kvStore({ namespace: env.RATE_LIMIT_KV, waitUntil }),
      budgetMs: KV_BUDGET_MS,
    });
    return service.edge;
  },
  (request, _env, _worker, context) => service.app.fetch(request, { context }),
);
