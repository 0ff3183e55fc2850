import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { requireService } from "./services.ts";

export interface TestRedis extends AsyncDisposable {
  url: string;
  /** The process stops answering but keeps its connections: the failure that hangs clients. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** A Redis of one's own on a free port, or the given one, keeping nothing. Ask `requireService("redis-server")` first whether there is one. */
export async function startRedis(
  options: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<TestRedis> {
  const { path, skip } = await requireService("redis-server");
  if (path === undefined) throw new Error(skip);
  const directory = await mkdtemp(join(tmpdir(), "rempart-redis-"));
  const port = options.port ?? (await freePort());
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    directory,
    "--save",
    "",
    "--appendonly",
    "no",
    ...(options.args ?? []),
  ];
  const child = spawn(path, args, { stdio: ["ignore", "pipe", "ignore"] });
  await whenReady(child);
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_096);
      if (said.includes("Ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}: ${said.slice(-300)}`)));
  });
}

/** SIGKILL: it keeps nothing, and a frozen process hears no other signal. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
