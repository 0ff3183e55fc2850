import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestProgram {
  readonly child: ChildProcess;
  /** Ends it at once, whatever it is doing. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 20_000;
const SAID = 4_096;

/** A program that answers 200 at `readyUrl` when it serves. Rejects with the last it said when it ends or does not. */
export async function startProgram(
  path: string,
  args: readonly string[],
  readyUrl: string,
): Promise<TestProgram> {
  const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID);
  });
  const endWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && child.exitCode === null) {
    if (await answers(readyUrl)) return { child, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`${path} did not become ready: ${said}`);
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok;
    },
    () => false,
  );
}
