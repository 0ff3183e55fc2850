import { Worker } from "node:worker_threads";
import type { Logger } from "@rempart/runtime";
import { ObservabilityError, type ObservabilityErrorCode } from "../errors.ts";
import { Dictating } from "../history/dictation.ts";
import type { RegistrySlice } from "../history/registry.ts";
import type { Answers, Assignment, Beginning, Kind, Questions, Reply } from "./messages.ts";

/** More than a full history takes; what needs more ends its thread, and not the process. */
const MAX_HEAP_MB = 1_024;

/** Samples that cross together. */
const AT_ONCE = 1_000;

interface Asked {
  readonly kind: Kind;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread that evaluates. One that ended is started anew by the next question, with what was kept of its history, and said
 * loudly; without it after one that ended before it had evaluated anything.
 */
export class EvaluationThread {
  readonly #assignment: Assignment;
  readonly #log: Logger;
  readonly #maxHeapMb: number;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | null = null;
  #dictating = new Dictating();
  #lastId = 0;
  #hasEvaluated = false;
  #isTakingUp = true;
  #isClosed = false;
  starts = 0;

  constructor(assignment: Assignment, log: Logger, { maxHeapMb = MAX_HEAP_MB } = {}) {
    this.#assignment = assignment;
    this.#log = log;
    this.#maxHeapMb = maxHeapMb;
  }

  /** Of the process's own registry; the next tick takes it. */
  tell(slice: RegistrySlice): void {
    if (this.#isClosed) return;
    this.#running();
    this.#dictating.add(slice);
    if (this.#dictating.size >= AT_ONCE) this.#dictate();
  }

  /** Rejects with the evaluator's own error, or ObservabilityError `monitor-lost` when the thread ended. */
  ask<K extends Kind>(kind: K, question: Questions[K]): Promise<Answers[K]> {
    if (this.#isClosed) return Promise.reject(lost("the monitor is closed"));
    const { promise, resolve, reject } = Promise.withResolvers<Answers[K]>();
    const id = ++this.#lastId;
    this.#dictate();
    try {
      this.#running().postMessage({ kind, id, ...question });
    } catch (error) {
      // What is no plain value, or nested beyond the stack, cannot cross.
      return Promise.reject(error);
    }
    this.#asked.set(id, { kind, resolve, reject });
    return promise;
  }

  /** Ends a thread that does not answer. */
  async abandon(): Promise<void> {
    await this.#worker?.terminate();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.abandon();
  }

  #dictate(): void {
    const worker = this.#running();
    if (this.#dictating.size === 0) return;
    const samples = this.#dictating.take();
    worker.postMessage({ kind: "samples", samples }, [samples.values.buffer as ArrayBuffer]);
  }

  #running(): Worker {
    this.#worker ??= this.#start();
    return this.#worker;
  }

  #start(): Worker {
    const beginning: Beginning = { assignment: this.#assignment, isTakingUp: this.#isTakingUp };
    const worker = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: beginning,
      resourceLimits: { maxOldGenerationSizeMb: this.#maxHeapMb },
    });
    this.starts += 1;
    this.#hasEvaluated = false;
    this.#dictating = new Dictating();
    // The monitor is no reason for the process to live.
    worker.unref();
    let reason: unknown = ENDED;
    worker.on("message", (reply: Reply) => this.#settle(reply));
    worker.on("error", (error) => {
      reason = error;
    });
    worker.once("exit", () => this.#ended(reason));
    return worker;
  }

  #settle(reply: Reply): void {
    if ("said" in reply) {
      const [level, message, reason] = reply.said;
      this.#log[level]({ reason }, `monitor: ${message}`);
      return;
    }
    const asked = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    if (asked?.kind === "tick") this.#hasEvaluated = true;
    if ("answer" in reply) asked?.resolve(reply.answer as never);
    else asked?.reject(revived(reply.error));
  }

  #ended(reason: unknown): void {
    this.#worker = null;
    for (const { reject } of this.#asked.values()) reject(lost("the monitor's thread ended", reason));
    this.#asked.clear();
    this.#isTakingUp = this.#hasEvaluated || !isOfItsWork(reason);
    if (this.#isClosed) return;
    this.#log.error(
      { err: reason },
      "the monitor's thread ended: it starts anew with what was kept of its history, and without any rules over long windows see little until it has grown",
    );
  }
}

const ENDED = "it was ended";

/** Not that it could not start. */
function isOfItsWork(reason: unknown): boolean {
  return reason === ENDED || (reason as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
}

const OWN: ReadonlySet<string> = new Set<ObservabilityErrorCode>(["ambiguous-match", "query-too-large"]);

function revived({ code, message }: { readonly code: string | null; readonly message: string }): Error {
  if (code === null || !OWN.has(code)) return new Error(message);
  return new ObservabilityError(code as ObservabilityErrorCode, message);
}

function lost(message: string, cause?: unknown): ObservabilityError {
  return new ObservabilityError("monitor-lost", message, { cause });
}
