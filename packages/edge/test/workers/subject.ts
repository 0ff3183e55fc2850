import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare, type Request as WorkerRequest, Response as WorkerResponse } from "miniflare";
import type { Outcome, RateLimiter } from "../../src/index.ts";
import type { Running, Subject } from "../application.ts";
import type { ContractConfig } from "../features.ts";

/** A Worker's source as one module, as it would be deployed. */
export async function bundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
  });
  return outputFiles[0]?.text ?? "";
}

let script: Promise<string> | null = null;

/** The contract's application in workerd. */
export const workersSubject: Subject = {
  name: "workers",
  async start(config) {
    script ??= bundle(new URL("worker.ts", import.meta.url));
    const { observers = [], ...rest } = config;
    const limiter = config.rateLimit ? config.rateLimit.limiter : undefined;
    const miniflare = new Miniflare({
      modules: true,
      script: await script,
      compatibilityDate: "2026-07-01",
      port: 0,
      bindings: { CONFIG: withoutLimiter(rest) },
      serviceBindings: {
        OUTCOMES: async (request: WorkerRequest) => {
          const outcome = (await request.json()) as Outcome;
          for (const observer of observers) observer.settled(outcome);
          return new WorkerResponse();
        },
        ...(limiter === undefined
          ? undefined
          : { LIMITER: (question: WorkerRequest) => askLimiter(limiter, question) }),
      },
    });
    const { port } = await miniflare.ready;
    return { port: Number(port), keepsConnections: true, close: () => miniflare.dispose() };
  },
};

/** A function stays in this process. */
function withoutLimiter(config: ContractConfig) {
  const { rateLimit, ...rest } = config;
  if (!rateLimit) return JSON.parse(JSON.stringify(config));
  const { limiter: _, ...counted } = rateLimit;
  return JSON.parse(JSON.stringify({ ...rest, rateLimit: counted }));
}

async function askLimiter(limiter: RateLimiter, question: { json(): Promise<unknown> }) {
  const [key, policy, cost] = (await question.json()) as [string, string, number | undefined];
  return WorkerResponse.json(await limiter.check(key, policy, cost));
}

/** An example's source as a Worker of its own. */
export async function runWorker(source: string): Promise<Running> {
  const stdin = { contents: source, loader: "ts", resolveDir: import.meta.dirname } as const;
  const { outputFiles } = await build({ stdin, bundle: true, write: false, format: "esm", target: "es2024" });
  const miniflare = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
    port: 0,
    kvNamespaces: ["RATE_LIMIT_KV"],
  });
  const { port } = await miniflare.ready;
  return { port: Number(port), close: () => miniflare.dispose() };
}
