import { parentPort, workerData } from "node:worker_threads";
import { CryptokiError } from "./cryptoki.ts";
import { Token, type TokenLogin } from "./token.ts";

/* The other side of `threads.ts`: Cryptoki blocks its caller for as long as the token takes. */

export interface Job {
  readonly operation: "wrap" | "unwrap" | "generate" | "close";
  readonly label: string;
  readonly bytes: Uint8Array;
}

export type Outcome =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `returned` is Cryptoki's value; absent for what is wrong with the key or the module. */
  | { readonly ok: false; readonly message: string; readonly returned: number | undefined };

const token = new Token(workerData as TokenLogin);

parentPort?.on("message", (job: Job) => {
  const outcome = perform(job);
  job.bytes.fill(0);
  parentPort?.postMessage(outcome);
  if (outcome.ok) outcome.bytes.fill(0);
  if (job.operation === "close") parentPort?.close();
});

function perform(job: Job): Outcome {
  try {
    return { ok: true, bytes: run(job) };
  } catch (error) {
    const returned = error instanceof CryptokiError ? error.returned : undefined;
    return { ok: false, message: (error as Error).message, returned };
  }
}

const NOTHING = new Uint8Array();

function run({ operation, label, bytes }: Job): Uint8Array {
  if (operation === "wrap") return token.wrap(label, bytes);
  if (operation === "unwrap") return token.unwrap(label, bytes);
  if (operation === "generate") token.generate(label);
  else token.close();
  return NOTHING;
}
