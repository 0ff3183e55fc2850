/** The monitor's thread: collecting from afar, remembering and evaluating, where no request waits for it. */
import { parentPort, workerData } from "node:worker_threads";
import { CodedError, explain } from "@rempart/kernel";
import { Evaluator } from "./evaluator.ts";
import { giveWay } from "./give-way.ts";
import type { Beginning, Message, Reply } from "./messages.ts";

giveWay();
const { assignment, isTakingUp } = workerData as Beginning;
const evaluator = new Evaluator(assignment, (...said) => parentPort?.postMessage({ said }), isTakingUp);

parentPort?.on("message", async (message: Message) => {
  if (message.kind === "samples") evaluator.take(message.samples);
  else parentPort?.postMessage(await replyTo(message));
});

async function replyTo({ kind, id, ...question }: Exclude<Message, { kind: "samples" }>): Promise<Reply> {
  try {
    return { id, answer: await evaluator.answer(kind, question as never) };
  } catch (error) {
    const code = error instanceof CodedError ? error.code : null;
    return { id, error: { code, message: explain(error) } };
  }
}
