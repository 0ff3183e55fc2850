/** The example started as its README says, on Node and on Workers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

export interface Running {
  readonly origin: string;
  /** What was printed, oldest first. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export interface Platform {
  readonly name: string;
  start(env: Readonly<Record<string, string>>): Promise<Running>;
}

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const node: Platform = {
  name: "Node",
  async start(env) {
    const child = spawn(process.execPath, [here("src/node.ts")], {
      env: { ...env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => lines.push(line));
    await Promise.race([
      once(reader, "line"),
      once(child, "exit").then(() => Promise.reject(new Error("exited"))),
    ]);
    const { port } = JSON.parse(lines[0] as string).address;
    return {
      origin: `http://127.0.0.1:${port}`,
      lines,
      async close() {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      },
    };
  },
};

interface Wrangler {
  readonly main: string;
  readonly compatibility_date: string;
  readonly kv_namespaces: readonly { readonly binding: string; readonly id: string }[];
  readonly vars: Readonly<Record<string, string>>;
}

/** The run-time of Workers, given what `wrangler.jsonc` names. */
const workers: Platform = {
  name: "Workers",
  async start(env) {
    const text = readFileSync(here("wrangler.jsonc"), "utf8").replaceAll(/^\s*\/\/.*$/gm, "");
    const wrangler = JSON.parse(text) as Wrangler;
    const lines: string[] = [];
    const miniflare = new Miniflare({
      modules: true,
      script: await bundle(here(wrangler.main)),
      compatibilityDate: wrangler.compatibility_date,
      kvNamespaces: Object.fromEntries(wrangler.kv_namespaces.map(({ binding, id }) => [binding, id])),
      bindings: { ...wrangler.vars, ...env },
      port: 0,
      handleStructuredLogs: ({ message }: { readonly message: string }) => void lines.push(message),
    });
    const { origin } = await miniflare.ready;
    return { origin, lines, close: () => miniflare.dispose() };
  },
};

async function bundle(entry: string): Promise<string> {
  const options = { bundle: true, write: false, format: "esm", target: "es2024" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  return outputFiles[0]?.text ?? "";
}

export const platforms: readonly Platform[] = [node, workers];
