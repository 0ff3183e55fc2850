import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { hashSync, type Options, verifySync } from "@node-rs/argon2";

/** What a thread is asked. */
export type HashJob =
  | { readonly kind: "hash"; readonly password: Uint8Array; readonly options: Options }
  | { readonly kind: "verify"; readonly password: Uint8Array; readonly passwordHash: string };

export type HashAnswer = { readonly value: string | boolean } | { readonly error: unknown };

const LOWER_PRIORITY = 10;

// On Linux a priority belongs to the calling thread (setpriority(2), "C library/kernel differences"); elsewhere to the
// whole process, which must keep its own.
if (process.platform === "linux") setPriority(0, LOWER_PRIORITY);

parentPort?.on("message", (job: HashJob) => parentPort?.postMessage(answer(job)));

function answer(job: HashJob): HashAnswer {
  try {
    return {
      value:
        job.kind === "hash"
          ? hashSync(job.password, job.options)
          : verifySync(job.passwordHash, job.password),
    };
  } catch (error) {
    return { error };
  }
}
