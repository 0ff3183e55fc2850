import type { Secret } from "@rempart/runtime";
import { currentScope, within } from "../scope.ts";
import type { Tracing } from "./ports.ts";

export interface TraceExport {
  /** Base address of an OTLP/HTTP receiver, without `/v1/traces`. */
  readonly endpoint: URL;
  /** Value of the Authorization field. */
  readonly authorization?: Secret;
  readonly serviceName: string;
  /** Share of the traces that are recorded, 0 to 1; 1 unless told. */
  readonly ratio?: number;
  /**
   * Continue the trace that a request's `traceparent` names. Only where whoever sends it is ours: a stranger could join any
   * trace. Otherwise ours is a new one that links theirs.
   */
  readonly continueInbound?: boolean;
  /** Milliseconds that finished spans wait at most; 5,000 unless told. */
  readonly delayMs?: number;
}

/** Traces that are sent to `target`, or with null none: then nothing of OpenTelemetry's kit is loaded. */
export async function openTracing(target: TraceExport | null): Promise<Tracing> {
  if (target === null) return NO_TRACING;
  const { startTracing } = await import("./recording.ts");
  return startTracing(target);
}

export const NO_TRACING: Tracing = {
  requests: {
    begin: (_facts, requestId) => ({ run: (work) => within({ requestId }, work), end: () => {} }),
  },
  origin: currentScope,
  message: (_kind, origin, work) => (origin === undefined ? work() : within(origin, work)),
  headers: () => undefined,
  close: async () => {},
};
