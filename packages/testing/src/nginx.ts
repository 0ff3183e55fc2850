import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { requireService } from "./services.ts";

const run = promisify(execFile);

export interface TestNginxOptions {
  /** What stands in the `http` block. Relative paths are below `directory`. */
  readonly http: string;
  /** Further files by their path below the directory. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface TestNginx extends AsyncDisposable {
  readonly directory: string;
  stop(): Promise<void>;
}

/**
 * An nginx of one's own, in a directory of its own, with one worker. Rejects with what `nginx -t` said when it refuses
 * them. Ask `requireService("nginx")` first whether there is one.
 */
export async function startNginx({ http, files = {} }: TestNginxOptions): Promise<TestNginx> {
  const { path, skip } = await requireService("nginx");
  if (path === undefined) throw new Error(skip);
  const directory = await mkdtemp(join(tmpdir(), "rempart-nginx-"));
  await writeFiles(directory, { ...files, "nginx.conf": mainFile(http) });
  const args = ["-p", directory, "-c", "nginx.conf", "-e", "stderr"];
  await run(path, [...args, "-t"]);
  const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
  await whenReady(child);
  // The main process ends its worker; SIGKILL would leave it behind.
  const endWithUs = (): void => void child.kill("SIGTERM");
  process.once("exit", endWithUs);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  return { directory, stop, [Symbol.asyncDispose]: stop };
}

function mainFile(http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    // The worker of a main process that runs as root would be another account, which cannot read the directory.
    process.getuid?.() === 0 ? "user root;" : "",
    "daemon off;",
    "pid nginx.pid;",
    "error_log stderr notice;",
    "worker_processes 1;",
    "events { worker_connections 512; }",
    "http {",
    "access_log off;",
    ...temporary.map((name) => `${name}_temp_path ${name};`),
    http,
    "}",
  ].join("\n");
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
  }
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_096);
      // Sockets are open before the worker starts.
      if (said.includes("start worker process ")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`nginx ended with ${code}: ${said.slice(-300)}`)));
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
