import { setTimeout as sleep } from "node:timers/promises";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { DatabaseError } from "../errors.ts";
import type { Server } from "./server.ts";

export interface Supervisor {
  pid(): number;
  readonly exited: Promise<Error | undefined>;
  stop(): Promise<void>;
  unref(): void;
}

/** Crashes in a row, without a minute of peace between them, after which the server is given up. */
const MAX_CRASHES = 6;
const PEACE_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** Launches a server and launches it again whenever it ends without being told to. */
export async function supervise(launch: () => Promise<Server>, log: Logger): Promise<Supervisor> {
  const stopping = new AbortController();
  const ended = Promise.withResolvers<Error | undefined>();
  let server = await launch();
  let unreferenced = false;
  let stopped: Promise<void> | undefined;

  async function keepRunning(): Promise<void> {
    let crashes = 0;
    while (!stopping.signal.aborted) {
      const since = performance.now();
      await server.exited;
      if (stopping.signal.aborted) break;
      crashes = performance.now() - since > PEACE_MS ? 1 : crashes + 1;
      const revived = await revive(crashes);
      if (revived instanceof Error) return ended.resolve(revived);
    }
    ended.resolve(undefined);
  }

  async function revive(crashes: number): Promise<Error | undefined> {
    for (let failures = crashes; failures <= MAX_CRASHES; failures += 1) {
      log.error({ failures, of: MAX_CRASHES }, "PostgreSQL ended by itself: restarting it");
      await sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)), undefined, {
        signal: stopping.signal,
      }).catch(() => {});
      if (stopping.signal.aborted) return undefined;
      try {
        server = await launch();
        if (unreferenced) server.unref();
        if (stopping.signal.aborted) await server.stop();
        return undefined;
      } catch (error) {
        log.error({ error: explain(error) }, "PostgreSQL did not restart");
      }
    }
    return new DatabaseError(
      "crashed",
      "PostgreSQL keeps ending by itself and was given up: see the log for its last words",
    );
  }

  const watching = keepRunning();

  async function stop(): Promise<void> {
    stopping.abort();
    await server.stop();
    await watching;
  }

  return {
    pid: () => server.pid,
    exited: ended.promise,
    unref() {
      unreferenced = true;
      server.unref();
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}
