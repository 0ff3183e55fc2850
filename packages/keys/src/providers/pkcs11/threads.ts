import { Worker } from "node:worker_threads";
import { explain } from "@rempart/kernel";
import type { Job, Outcome } from "./thread.ts";
import type { TokenLogin } from "./token.ts";

/** Sessions with one token, each on a thread of its own, so that a slow token holds up nobody else. */
export interface Threads {
  /** Rejects with the signal's reason when it aborts; the token may still do the work. */
  run(job: Job, signal?: AbortSignal): Promise<Outcome>;
  /** Closes every session. Work that is under way is waited for. */
  close(): Promise<void>;
}

interface Waiting {
  readonly job: Job;
  readonly settle: (outcome: Outcome) => void;
}

const CLOSED: Outcome = { ok: false, message: "the provider is closed", returned: undefined };
const CLOSE: Job = { operation: "close", label: "", bytes: new Uint8Array() };

export function openThreads(login: TokenLogin, size: number): Threads {
  const workers = new Map<Worker, Waiting | undefined>();
  const queue: Waiting[] = [];
  let isProven = false;
  let isClosed = false;

  /** One thread alone until the token has accepted the PIN: several at once would spend as many of its few tries. */
  const limit = (): number => (isProven ? size : 1);

  function dispatch(): void {
    while (queue.length > 0) {
      const idle = [...workers].find(([, current]) => current === undefined)?.[0];
      if (idle === undefined && workers.size >= limit()) return;
      begin(idle ?? start(), queue.shift() as Waiting);
    }
  }

  function begin(worker: Worker, waiting: Waiting): void {
    workers.set(worker, waiting);
    worker.ref();
    worker.postMessage(waiting.job);
  }

  function start(): Worker {
    // Of `node:ffi`, which the decision on PKCS#11 accounts for; the process's own warnings stay.
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    const worker = new Worker(new URL("thread.ts", import.meta.url), { workerData: login, execArgv });
    worker.on("message", (outcome: Outcome) => {
      const waiting = workers.get(worker);
      isProven ||= outcome.ok;
      workers.set(worker, undefined);
      worker.unref();
      waiting?.settle(outcome);
      dispatch();
    });
    worker.on("error", (error) => end(worker, explain(error)));
    worker.on("exit", () => end(worker, "the token's thread ended"));
    return worker;
  }

  function end(worker: Worker, message: string): void {
    const waiting = workers.get(worker);
    workers.delete(worker);
    waiting?.settle({ ok: false, message, returned: undefined });
    dispatch();
  }

  function enqueue(job: Job, signal?: AbortSignal): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const waiting: Waiting = { job, settle: resolve };
    const abandon = (): void => {
      if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abandon, { once: true });
    queue.push(waiting);
    dispatch();
    return promise.finally(() => signal?.removeEventListener("abort", abandon));
  }

  return {
    async run(job, signal) {
      signal?.throwIfAborted();
      return isClosed ? CLOSED : enqueue(job, signal);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      for (const { settle } of queue.splice(0)) settle(CLOSED);
      await Promise.all([...workers.keys()].map(closeThread));
    },
  };
}

function closeThread(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("exit", () => resolve());
    worker.ref();
    worker.postMessage(CLOSE);
  });
}
