/** The gateway on Node and on Workers, from one configuration. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { type GatewayConfig, startGateway } from "../src/index.ts";

export interface RunningPlatform extends AsyncDisposable {
  readonly port: number;
}

export interface Platform {
  readonly name: string;
  start(config: GatewayConfig): Promise<RunningPlatform>;
}

const node: Platform = {
  name: "Node",
  async start(config) {
    const gateway = await startGateway({ ...config, listen: { port: 0 }, admin: false });
    return { port: Number(new URL(gateway.url).port), [Symbol.asyncDispose]: gateway.close };
  },
};

const workers: Platform = { name: "Workers", start: startWorker };

export const platforms: readonly Platform[] = [node, workers];

interface Wrangler {
  readonly main: string;
  readonly compatibility_date: string;
  readonly kv_namespaces: readonly { readonly binding: string; readonly id: string }[];
  readonly vars: { readonly GATEWAY_CONFIG: unknown };
}

export interface RunningWorker extends RunningPlatform {
  /** Puts a value into one of its KV namespaces. */
  put(binding: string, key: string, value: string): Promise<void>;
  keys(binding: string): Promise<readonly string[]>;
}

interface KvFace {
  put(key: string, value: string): Promise<void>;
  list(): Promise<{ readonly keys: readonly { readonly name: string }[] }>;
}

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

let script: Promise<string> | null = null;

/** The run-time of Workers, given what `wrangler.jsonc` names. */
export async function startWorker(config: GatewayConfig): Promise<RunningWorker> {
  const wrangler = readWrangler();
  script ??= bundle(here(wrangler.main));
  const miniflare = new Miniflare({
    modules: true,
    script: await script,
    compatibilityDate: wrangler.compatibility_date,
    kvNamespaces: Object.fromEntries(wrangler.kv_namespaces.map(({ binding, id }) => [binding, id])),
    bindings: { GATEWAY_CONFIG: JSON.parse(JSON.stringify(config)) },
    port: 0,
    handleStructuredLogs: () => {},
  });
  const { port } = await miniflare.ready;
  // Its declared type is that of every binding at once.
  const namespaceOf = (binding: string) => miniflare.getKVNamespace(binding) as unknown as Promise<KvFace>;
  return {
    port: Number(port),
    put: async (binding, key, value) => (await namespaceOf(binding)).put(key, value),
    keys: async (binding) => (await (await namespaceOf(binding)).list()).keys.map(({ name }) => name),
    [Symbol.asyncDispose]: () => miniflare.dispose(),
  };
}

/** As it is shipped. */
export function readWrangler(): Wrangler {
  const text = readFileSync(here("wrangler.jsonc"), "utf8").replaceAll(/^\s*\/\/.*$/gm, "");
  return JSON.parse(text) as Wrangler;
}

async function bundle(entry: string): Promise<string> {
  const options = { bundle: true, write: false, format: "esm", target: "es2024" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  return outputFiles[0]?.text ?? "";
}
