import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { BodyRecorder } from "../idempotency/recorder.ts";

/**
 * Has the answer to an idempotent request kept before any of it leaves, so that a peer that goes away finds it when it asks
 * again. A long answer and one without an end are not kept, and leave as they come.
 */
export async function recorded(edge: Edge, exchange: Exchange, response: Response): Promise<Response> {
  const { attempt } = exchange;
  if (attempt === null) return response;
  const headers = [...response.headers].flat();
  const { status, body } = response;
  const isEndless = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (body === null || isEndless) {
    await edge.conclude(exchange, status, headers, isEndless ? null : "");
    return response;
  }
  const recorder = new BodyRecorder(attempt.maxAnswer);
  const { read, rest } = await readUpTo(body, recorder);
  await edge.conclude(exchange, status, headers, recorder.text());
  return new Response(joined(read, rest), response);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** What was read until the end, or until the recorder had enough; then the rest as well. */
async function readUpTo(
  body: ReadableStream<Uint8Array>,
  recorder: BodyRecorder,
): Promise<{ read: Uint8Array[]; rest: Reader | null }> {
  const reader = body.getReader();
  const read: Uint8Array[] = [];
  while (!recorder.isOver) {
    const { done, value } = await reader.read();
    if (done) return { read, rest: null };
    read.push(value);
    recorder.add(value);
  }
  return { read, rest: reader };
}

function joined(read: readonly Uint8Array[], rest: Reader | null): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of read) controller.enqueue(chunk);
      if (rest === null) controller.close();
    },
    async pull(controller) {
      const next = await rest?.read();
      if (next === undefined || next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(reason) {
      await rest?.cancel(reason);
    },
  });
}
