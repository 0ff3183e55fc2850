import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SERVE = fileURLToPath(new URL("serve.ts", import.meta.url));

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  /** Resolves when it is gone, also where it had ended by itself. */
  end(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** A server in a process of its own, with `env` beside the environment. Resolves when it serves; rejects when it ended instead. */
export async function startServerProcess(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [SERVE], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const end = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  const served = once(child.stdout, "data");
  const failed = ended.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
  const [url] = await Promise.race([served, failed]);
  return { url: String(url).trim(), end, [Symbol.asyncDispose]: () => end() };
}
