import type { OutgoingHttpHeader, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { isBodiless } from "../headers/answer.ts";
import type { Attempt } from "../idempotency/idempotency.ts";
import { BodyRecorder } from "../idempotency/recorder.ts";
import { onHead } from "./node-guard.ts";

type Callback = () => void;
type Encoding = BufferEncoding | Callback | undefined;

/**
 * Has the answer to an idempotent request kept before its last byte leaves. What is written goes out as it comes, and is
 * kept also when the peer is gone by then: it finds the answer when it asks again.
 */
export function record(
  edge: Edge,
  exchange: Exchange,
  { maxAnswer }: Attempt,
  response: ServerResponse,
): void {
  const recorder = new BodyRecorder(maxAnswer);
  const { write, end } = response;
  let headers: readonly string[] = [];
  let isEnding = false;
  onHead(response, (list) => {
    headers = list.flatMap(asText);
  });
  response.write = ((chunk: unknown, encoding: Encoding, callback?: Callback) => {
    if (isEnding) return false;
    recorder.add(bytesOf(chunk, encoding));
    return (write as AnyWrite).call(response, chunk, encoding, callback);
  }) as typeof response.write;
  response.end = ((chunk: unknown, encoding: Encoding, callback?: Callback) => {
    if (isEnding) return response;
    isEnding = true;
    const last = bytesOf(chunk, encoding);
    recorder.add(last);
    if (!response.headersSent) writeHead(response, last.length);
    void edge
      .conclude(exchange, response.statusCode, headers, recorder.text())
      .then(() => (end as AnyEnd).call(response, chunk, encoding, callback));
    return response;
  }) as typeof response.end;
}

/** Node's own overloads, which pass their arguments on alike. */
type AnyWrite = (chunk: unknown, encoding: Encoding, callback?: Callback) => boolean;
type AnyEnd = (chunk: unknown, encoding: Encoding, callback?: Callback) => ServerResponse;

/** As `end` would by itself: an answer that is whole at once has a length. */
function writeHead(response: ServerResponse, length: number): void {
  const hasLength = response.hasHeader("content-length") || response.hasHeader("transfer-encoding");
  if (!hasLength && !isBodiless(response.statusCode)) response.setHeader("Content-Length", length);
  response.writeHead(response.statusCode);
}

function asText(header: OutgoingHttpHeader, i: number, list: readonly OutgoingHttpHeader[]): string[] {
  if (i % 2 === 1) return [];
  const value = list[i + 1] as OutgoingHttpHeader;
  return [String(header), Array.isArray(value) ? value.join(", ") : String(value)];
}

function bytesOf(chunk: unknown, encoding: Encoding): Uint8Array {
  if (typeof chunk === "string") return Buffer.from(chunk, typeof encoding === "string" ? encoding : "utf8");
  return chunk instanceof Uint8Array ? chunk : new Uint8Array();
}
