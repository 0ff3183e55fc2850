import { Worker } from "node:worker_threads";
import type { HashAnswer, HashJob } from "./hash-thread.ts";

/** Threads of this process that wait for work. They hold no identity's state, so all share them. */
const idle: Worker[] = [];

/**
 * Hashes on a thread of its own with a lower priority: on libuv's threads, which compete with the event loop as equals, sixteen
 * people who sign in at once make everybody else wait (`bench/identity`). How many run at once is the caller's to bound.
 */
export async function onHashThread(job: HashJob): Promise<string | boolean> {
  const thread = idle.pop() ?? new Worker(new URL("./hash-thread.ts", import.meta.url));
  const answer = await ask(thread, job);
  // Waiting for work is no reason for the process to live.
  thread.unref();
  idle.push(thread);
  if ("error" in answer) throw answer.error;
  return answer.value;
}

/** Rejects when the thread dies; it is then not used again. */
function ask(thread: Worker, job: HashJob): Promise<HashAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HashAnswer>();
  const onExit = (): void => reject(new Error("the thread that hashed a password ended"));
  thread.ref();
  thread.once("message", resolve).once("error", reject).once("exit", onExit);
  thread.postMessage(job);
  return promise.finally(() => {
    thread.off("message", resolve).off("error", reject).off("exit", onExit);
  });
}
